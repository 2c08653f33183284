"""Which streams of a source go into its parts, and what is left out of them."""

from __future__ import annotations

from dataclasses import dataclass

from av.container import InputContainer

from clipmill_cutter import container
from clipmill_cutter.container import Track
from clipmill_cutter.format import Format
from clipmill_cutter.subtitles import TEXTS


@dataclass(frozen=True, kw_only=True)
class Tracks:
    """The streams of an opened source."""

    source: InputContainer
    picture: Track
    sounds: tuple[Track, ...]
    subtitles: tuple[Track, ...]
    left_out: tuple[str, ...]
    """Streams that parts in this format cannot hold, in words."""

    @classmethod
    def of(cls, source: InputContainer, format: Format) -> Tracks:
        """What can be carried into parts of `format`."""
        picture, sounds = container.picture(source), container.sounds(source)
        lines = [track for track in container.subtitles(source) if _can_carry(track, format)]
        carried = (picture, *sounds, *lines)
        left_out = tuple(container.others(source, *carried))
        return cls(source=source, picture=picture, sounds=tuple(sounds), subtitles=tuple(lines), left_out=left_out)


def becomes_text(track: Track, format: Format) -> bool:
    """Whether a track of subtitles is written as plain text, for want of its own kind in the format."""
    return track.codec_context.name not in format.subtitles and "mov_text" in format.subtitles


def _can_carry(track: Track, format: Format) -> bool:
    codec = track.codec_context.name
    return codec in format.subtitles or ("mov_text" in format.subtitles and codec in TEXTS)
