"""Which encoder makes pictures that may stand beside those of a source, and how it is told so. Pure."""

from __future__ import annotations

from clipmill.ffmpeg_tool import Options
from clipmill.probe import Video

_SPLICED = ("h264", "hevc", "vp8", "vp9", "av1")
_X264_FORMATS = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p")
_X264_DEEP = ("yuv420p10le", "yuv422p10le", "yuv444p10le")
_HEVC_FORMATS = (*_X264_FORMATS, *_X264_DEEP, "yuv420p12le", "yuv422p12le", "yuv444p12le")
_VP9_FORMATS = ("yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le")

_FORMATS = {
    "h264": (*_X264_FORMATS, *_X264_DEEP),
    "hevc": _HEVC_FORMATS,
    "vp8": ("yuv420p",),
    "vp9": _VP9_FORMATS,
    "av1": ("yuv420p", "yuv420p10le"),
    "mpeg2video": ("yuv420p", "yuv422p"),
    "mpeg4": ("yuv420p",),
}


def can_splice(video: Video) -> bool:
    """Whether encoded pictures can follow the source's own in one track."""
    return video.codec in _SPLICED and can_encode(video)


def can_encode(video: Video) -> bool:
    """Whether there is an encoder for the source's own codec and format of pixels."""
    return video.pix_fmt in _FORMATS.get(video.codec, ())


def alike(video: Video, threads: int, depth: int = 0) -> Options:
    """An encoder's options for pictures like the source's, of which `depth` are decoded ahead of being shown.

    The depth matters where they stand beside the source's own: readers of Matroska make decoding times up from it.
    """
    if not can_encode(video):
        return _x264(video, depth) | {"threads": threads, "pix_fmt": "yuv420p"}
    return _OPTIONS[video.codec](video, depth) | {"pix_fmt": video.pix_fmt, "threads": threads} | _colours(video)


def _reordering(depth: int) -> str:
    """x264's and x265's words for B-frames that are decoded 0, 1 or 2 pictures ahead."""
    return ("bframes=0", "bframes=2:b-adapt=0:b-pyramid=0", "bframes=3:b-adapt=0:b-pyramid=1")[min(depth, 2)]


def _x264(video: Video, depth: int) -> Options:
    # sets with a number of their own, so that those of the source stay
    parameters = f"sps-id=1:{_reordering(depth)}" + (":tff=1" if video.interlaced else "")
    return {"c:v": "libx264", "preset": "veryfast", "crf": 18, "x264-params": parameters, "forced-idr": 1}


def _x265(video: Video, depth: int) -> Options:
    words = ["log-level=error", "open-gop=0", _reordering(depth), "repeat-headers=0", "crf=20"]
    return {"c:v": "libx265", "preset": "ultrafast", "x265-params": ":".join(words), "forced-idr": 1}


def _vp9(video: Video, depth: int) -> Options:
    return {
        "c:v": "libvpx-vp9",
        "deadline": "good",
        "cpu-used": 5,
        "crf": 24,
        "b:v": 0,
        "row-mt": 1,
        "lag-in-frames": 0,
    }


def _vp8(video: Video, depth: int) -> Options:
    return {"c:v": "libvpx", "deadline": "good", "cpu-used": 5, "crf": 10, "b:v": "4M", "auto-alt-ref": 0}


def _av1(video: Video, depth: int) -> Options:
    return {
        "c:v": "libaom-av1",
        "cpu-used": 8,
        "crf": 24,
        "b:v": 0,
        "usage": "realtime",
        "lag-in-frames": 0,
        "row-mt": 1,
    }


def _mpeg2(video: Video, depth: int) -> Options:
    return {"c:v": "mpeg2video", "q:v": 2, "bf": 0, "maxrate": "60M", "bufsize": "20M"}


def _mpeg4(video: Video, depth: int) -> Options:
    return {"c:v": "mpeg4", "q:v": 2, "bf": 0}


_OPTIONS = {
    "h264": _x264,
    "hevc": _x265,
    "vp8": _vp8,
    "vp9": _vp9,
    "av1": _av1,
    "mpeg2video": _mpeg2,
    "mpeg4": _mpeg4,
}


def _colours(video: Video) -> Options:
    """What the source says of its colours; encoded pictures would else be shown in others."""
    given = {
        "color_primaries": video.primaries,
        "color_trc": video.transfer,
        "colorspace": video.matrix,
        "color_range": video.range,
    }
    scan: Options = {"flags": "+ilme+ildct"} if video.interlaced and video.codec in ("h264", "mpeg2video") else {}
    return scan | {name: value for name, value in given.items() if value}
