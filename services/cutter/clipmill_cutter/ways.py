"""The ways to get parts out of a source, from no work at all to encoding it anew; each ends with checked files."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from clipmill.outcome import ToolError
from clipmill.probe import Probe
from clipmill_cutter import encoder, kind, splice
from clipmill_cutter.check import check
from clipmill_cutter.copy import Source, copy
from clipmill_cutter.format import Format, of_parts, suffix_untouched
from clipmill_cutter.frames import Frames
from clipmill_cutter.geometry import encoded_shown
from clipmill_cutter.mode import Mode
from clipmill_cutter.normalise import Order, normalise
from clipmill_cutter.packets import survey
from clipmill_cutter.part_writer import Written
from clipmill_cutter.plan import Plan, evenly_encoded, parts, plan
from clipmill_cutter.profile import Profile
from clipmill_cutter.progress import Progress
from clipmill_cutter.unfit import Unfit

# VP8 stores references that are never shown as packets of their own, one in ten at most. Where more packets than that
# gave no picture, they could not be decoded.
_DECODED = 0.9

# How link(2) refuses: another file system, no right to the file (fs.protected_hardlinks), too many names, no such call.
_NO_LINKS = (errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOSYS, errno.EOPNOTSUPP)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to cut, and the means."""

    source: Path
    folder: Path
    """Where parts, and what is needed on the way to them, are written."""
    profile: Profile
    threads: int
    timeout: float


@dataclass(frozen=True, kw_only=True)
class Cutting:
    """A finished part."""

    path: Path
    seconds: float
    width: int
    height: int


class Way(Protocol):
    """A way to cut: raises Unfit when its result is not what was planned."""

    __name__: str

    def __call__(self) -> Cuttings: ...


@dataclass(frozen=True, kw_only=True)
class Cuttings:
    """All parts, and what of the source is in none of them."""

    parts: tuple[Cutting, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Material:
    """A file to be cut, and what is known of it."""

    path: Path
    frames: Frames


@dataclass(frozen=True, kw_only=True)
class Ways:
    """All of them, for one source."""

    request: Request
    found: Probe
    material: Material
    progress: Progress

    def cheapest_first(self) -> Iterator[Way]:
        """The ways that may do for the source, by what they cost."""
        profile = self.request.profile
        if self._picture_stays():
            yield from self._keeping_pictures(profile)
        yield self.encoded

    def _picture_stays(self) -> bool:
        profile = self.request.profile
        too_tall = profile.height is not None and self.found.video.shown[1] > profile.height
        return not profile.phone or (kind.picture_can_be_copied(self.found) and not too_tall)

    def _keeping_pictures(self, profile: Profile) -> Iterator[Way]:
        planned = self._plan(self.material.frames)
        if planned is None:
            return
        sound_stays = not profile.phone or kind.sound_can_be_copied(self.found)
        if len(planned.starts) == 1 and kind.can_be_sent(self.found, profile.limit, phone=profile.phone):
            yield self.as_it_is
        if not planned.stretches or encoder.can_splice(self.found.video):
            yield self.kept if sound_stays else self.with_new_sound

    def as_it_is(self) -> Cuttings:
        """The source is its only part: a hard link of it, or a copy where links are refused."""
        target = self.request.folder / f"part-001{suffix_untouched(self.request.source, self._format)}"
        target.unlink(missing_ok=True)
        try:
            target.hardlink_to(self.request.source)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            shutil.copyfile(self.request.source, target)
        width, height = self.found.video.shown
        seconds = self.material.frames.seconds
        return Cuttings(parts=(Cutting(path=target, seconds=seconds, width=width, height=height),))

    def kept(self) -> Cuttings:
        """The source's own packets, but for the groups in which a part has to begin."""
        return self._kept(self.material, begin=5)

    def with_new_sound(self) -> Cuttings:
        """The source's own pictures, and its sound encoded anew as a whole.

        As a whole, because an encoder's first and last packets are not like the sound: at each join of parts that were
        encoded one by one there would be a gap.
        """
        return self._kept(self._normalised("resounded", cuts=None), begin=60)

    def encoded(self) -> Cuttings:
        """All of it anew, with keyframes where the parts begin."""
        even = evenly_encoded(self.material.frames, self.request.profile.limit)
        if even is None:
            raise Unfit("one of its pictures stands longer than a part may be")
        new = self._normalised("encoded", cuts=even.starts[1:])
        planned = plan(new.frames, self.request.profile.limit, Mode.LOSSLESS)
        if planned is None or planned.stretches:
            raise Unfit("the encoder has not set keyframes where the parts begin")
        return self._copy(self._source(new, planned.starts), self._encoded_size(), begin=85)

    @property
    def _format(self) -> Format:
        return of_parts(self.found, self.request.source, phone=self.request.profile.phone)

    def _encoded_size(self) -> tuple[int, int]:
        profile = self.request.profile
        return encoded_shown(self.found.video, profile.height) if profile.phone else self.found.video.shown

    def _plan(self, frames: Frames) -> Plan | None:
        return plan(frames, self.request.profile.limit, self.request.profile.mode)

    def _kept(self, material: Material, *, begin: int) -> Cuttings:
        planned = self._plan(material.frames)
        if planned is None:
            raise Unfit("one of its pictures stands longer than a part may be")
        if not planned.stretches:
            return self._copy(self._source(material, planned.starts), self.found.video.shown, begin=begin)
        if sum(map(len, planned.stretches)) == len(material.frames):
            raise Unfit("it has no keyframe at which it could be cut")
        spliced = splice.splice(self._splice_order(material, planned), self.progress.stage(begin, 80, "encoding joins"))
        source = self._source(Material(path=material.path, frames=spliced.merged), planned.starts, spliced)
        return self._copy(source, self.found.video.shown, begin=80)

    def _source(self, material: Material, starts: Sequence[int], spliced: splice.Splice | None = None) -> Source:
        pieces = parts(material.frames, starts)
        if pieces is None:
            raise Unfit("there is no keyframe where a part begins")
        return Source(
            path=material.path,
            frames=material.frames,
            parts=pieces,
            limit=self.request.profile.limit.seconds,
            format=self._format,
            splice=spliced,
        )

    def _splice_order(self, material: Material, planned: Plan) -> splice.Order:
        return splice.Order(
            source=material.path,
            video=self.found.video,
            frames=material.frames,
            stretches=planned.stretches,
            starts=planned.starts,
            folder=self.request.folder,
            threads=self.request.threads,
            timeout=self.request.timeout,
        )

    def _normalised(self, name: str, cuts: Sequence[int] | None) -> Material:
        request, limit = self.request, self.request.profile.limit
        # another limit has other cuts, and settings may have changed since an earlier attempt
        words = [
            request.profile.name,
            f"{float(limit.seconds):g}s",
            *([f"{limit.bytes}b"] if limit.bytes else []),
            name,
        ]
        target = request.folder / f"{'-'.join(words)}{self._format.suffix}"
        normalise(self._order(cuts), target, self.progress.stage(5, 55 if cuts is None else 80, "encoding"))
        frames = self._survey(target)
        if len(frames.shown) < len(self.material.frames.shown) * _DECODED:
            raise Unfit(f"only {len(frames.shown)} of {len(self.material.frames.shown)} pictures could be decoded")
        return Material(path=target, frames=frames.with_sound_within(limit.seconds))

    def _survey(self, target: Path) -> Frames:
        try:
            return survey(target, self.progress.stage(80, 85, "looking"))
        except ToolError as error:
            # ffmpeg 5.1 ends well though the disk was full for its last bytes; the next attempt must not find them
            target.unlink()
            raise ToolError(f"the encoded copy is damaged: {error}", cause="disk") from error

    def _order(self, cuts: Sequence[int] | None) -> Order:
        return Order(
            source=self.material.path,
            found=self.found,
            frames=self.material.frames,
            cuts=cuts,
            profile=self.request.profile,
            threads=self.request.threads,
            timeout=self.request.timeout,
        )

    def _copy(self, source: Source, size: tuple[int, int], *, begin: int) -> Cuttings:
        copied = copy(source, self.request.folder, self.progress.stage(begin, 90, "copying"))
        on_percent = self.progress.stage(90, 99, "checking")
        for number, part in enumerate(copied.parts, start=1):
            check(part, source.frames, self.request.profile.limit)
            on_percent(100 * number / len(copied.parts))
        cuttings = tuple(_cutting(part, source.frames, size) for part in copied.parts)
        return Cuttings(parts=cuttings, notes=copied.notes)


def _cutting(written: Written, frames: Frames, size: tuple[int, int]) -> Cutting:
    seconds = float((written.part.end - written.part.start) * frames.time_base)
    return Cutting(path=written.path, seconds=seconds, width=size[0], height=size[1])
