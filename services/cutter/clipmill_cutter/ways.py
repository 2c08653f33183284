"""The ways to get parts out of a source, from no work at all to encoding it anew; each ends with checked files."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from clipmill.outcome import ToolError
from clipmill.probe import Probe
from clipmill_cutter.check import check
from clipmill_cutter.copy import Source, copy
from clipmill_cutter.frames import Frames
from clipmill_cutter.geometry import encoded_shown
from clipmill_cutter.normalise import Order, normalise
from clipmill_cutter.packets import survey
from clipmill_cutter.part_writer import Written
from clipmill_cutter.plan import Plan, plan
from clipmill_cutter.progress import Progress
from clipmill_cutter.unfit import Unfit

# VP8 stores references that are never shown as packets of their own, one in ten at most. Where more packets than that
# gave no picture, they could not be decoded.
_DECODED = Fraction(9, 10)

# How link(2) refuses: another file system, no right to the file (fs.protected_hardlinks), too many names, no such call.
_NO_LINKS = (errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOSYS, errno.EOPNOTSUPP)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to cut, and the means."""

    source: Path
    folder: Path
    """Where parts, and what is needed on the way to them, are written."""
    limit: Fraction
    """Longest part, in seconds."""
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

    def __call__(self) -> tuple[Cutting, ...]: ...


@dataclass(frozen=True, kw_only=True)
class Ways:
    """All of them, for one source."""

    request: Request
    found: Probe
    frames: Frames
    plan: Plan
    progress: Progress

    def as_it_is(self) -> tuple[Cutting, ...]:
        """The source is its only part: a hard link of it, or a copy where links are refused."""
        target = self.request.folder / "part-001.mp4"
        target.unlink(missing_ok=True)
        try:
            target.hardlink_to(self.request.source)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            shutil.copyfile(self.request.source, target)
        width, height = self.found.video.shown
        return (Cutting(path=target, seconds=self.frames.seconds, width=width, height=height),)

    def copied(self) -> tuple[Cutting, ...]:
        """The source's own packets."""
        if not self.plan.copy:
            raise Unfit("there are too few keyframes at which it could be cut")
        source = Source(path=self.request.source, frames=self.frames, parts=self.plan.copy, limit=self.request.limit)
        return self._copy(source, self.found.video.shown, begin=5)

    def with_new_sound(self) -> tuple[Cutting, ...]:
        """The source's own pictures, and its sound encoded anew as a whole.

        As a whole, because an encoder's first and last packets are not like the sound: at each join of parts that were
        encoded one by one there would be a gap.
        """
        source = self._normalised("resounded.mp4", cuts=None)
        return self._copy(source, self.found.video.shown, begin=60)

    def encoded(self) -> tuple[Cutting, ...]:
        """All of it anew, with keyframes where the parts begin."""
        source = self._normalised("encoded.mp4", cuts=self.plan.cuts)
        return self._copy(source, encoded_shown(self.found.video), begin=85)

    def _normalised(self, name: str, cuts: Sequence[int] | None) -> Source:
        request = self.request
        # another limit has other cuts, and settings may have changed since an earlier attempt
        target = request.folder / f"{float(request.limit):g}s-{name}"
        normalise(self._order(cuts), target, self.progress.stage(5, 55 if cuts is None else 80, "encoding"))
        frames = self._survey(target)
        if len(frames.shown) < len(self.frames.shown) * _DECODED:
            raise Unfit(f"only {len(frames.shown)} of {len(self.frames.shown)} pictures could be decoded")
        parts = plan(frames, request.limit).copy
        if not parts:
            raise Unfit("the encoder has not set keyframes where the parts begin")
        return Source(path=target, frames=frames, parts=parts, limit=request.limit)

    def _survey(self, target: Path) -> Frames:
        try:
            return survey(target, self.progress.stage(80, 85, "looking"))
        except ToolError as error:
            # ffmpeg 5.1 ends well though the disk was full for its last bytes; the next attempt must not find them
            target.unlink()
            raise ToolError(f"the encoded copy is damaged: {error}", cause="disk") from error

    def _order(self, cuts: Sequence[int] | None) -> Order:
        request = self.request
        return Order(
            source=request.source,
            found=self.found,
            frames=self.frames,
            cuts=cuts,
            limit=request.limit,
            threads=request.threads,
            timeout=request.timeout,
        )

    def _copy(self, source: Source, size: tuple[int, int], *, begin: int) -> tuple[Cutting, ...]:
        written = copy(source, self.request.folder, self.progress.stage(begin, 90, "copying"))
        on_percent = self.progress.stage(90, 99, "checking")
        for number, part in enumerate(written, start=1):
            check(part, source.frames, self.request.limit)
            on_percent(100 * number / len(written))
        return tuple(_cutting(part, source.frames, size) for part in written)


def _cutting(written: Written, frames: Frames, size: tuple[int, int]) -> Cutting:
    seconds = float((written.part.end - written.part.start) * frames.time_base)
    return Cutting(path=written.path, seconds=seconds, width=size[0], height=size[1])
