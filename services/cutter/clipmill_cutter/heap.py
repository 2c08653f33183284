"""Keeps the C library from holding on to the large blocks that FFmpeg frees."""

from __future__ import annotations

import contextlib
import ctypes

_M_MMAP_THRESHOLD = -3
_THRESHOLD = 128 * 1024


def give_back_large_blocks() -> None:
    """Have every block over 128 KiB mapped by itself, so that freeing it gives it back.

    By default glibc raises that threshold to the size of whatever was freed, and the index of a four-hour mp4 (80 MB)
    then comes from the heap and leaves holes there: the cutter's peak was 168 MB instead of 129.
    """
    with contextlib.suppress(OSError, AttributeError):  # another C library has no such knob, or no need of it
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _THRESHOLD)
