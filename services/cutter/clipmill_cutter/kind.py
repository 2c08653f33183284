"""What a source is, as far as cutting goes: what of it can be copied, and whether it may be sent as it is. Pure."""

from __future__ import annotations

from clipmill.probe import Probe
from clipmill_cutter.limit import Limit

_PIX_FMTS = ("yuv420p", "yuvj420p")
# Brands of files as phones write and read them. Fragmented ones (iso5, dash, …) and QuickTime's are not among them.
_BRANDS = ("isom", "iso2", "mp41", "mp42", "avc1", "M4V", "M4VH", "M4VP")
_SOUND_PACKET = 1024 / 44100
"""Seconds by which sound, which comes in packets, may outlast the longest part."""
_START = 0.1
"""Seconds after 0 at which a file may begin; sites read a file that begins at 100 s as one of 100 s more."""


def picture_can_be_copied(found: Probe) -> bool:
    """H.264 with 8 bits and 4:2:0: what phones play, so there is nothing to be made of it."""
    return found.video.codec == "h264" and found.video.pix_fmt in _PIX_FMTS


def sound_can_be_copied(found: Probe) -> bool:
    """AAC on every track, or no sound at all."""
    return all(track.codec == "aac" for track in found.audio)


def can_be_sent(found: Probe, limit: Limit, *, phone: bool) -> bool:
    """Whether the file as it is does for a part, provided that its pictures do."""
    fits = found.seconds <= limit.seconds + _SOUND_PACKET and (limit.bytes is None or found.bytes <= limit.bytes)
    return fits and (not phone or _suits_phones(found))


def _suits_phones(found: Probe) -> bool:
    kept = abs(found.start) < _START and found.brand in _BRANDS
    return kept and picture_can_be_copied(found) and sound_can_be_copied(found)
