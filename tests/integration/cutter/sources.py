"""The kinds of sources that people send, each small, with joins to be made at parts of ten seconds."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.media.clips import display, turned
from tests.media.counted import AAC, H264, counted, remade


@dataclass(frozen=True)
class Kind:
    """A kind of source, and whether its picture may be copied for phones."""

    name: str
    copied: bool
    make: Callable[[Path], Path]

    @property
    def kept(self) -> bool:
        """Whether it is copied where nothing asks for another codec, but for a group here and there."""
        return self.name not in STUCK

    def __str__(self) -> str:
        return self.name


def closed(folder: Path, name: str = "closed.mp4") -> Path:
    """H.264 in closed GOPs of 80 pictures: cuts at 8 and 16 s."""
    return counted(folder, name, *H264, "-g", "80", *AAC)


def x264(folder: Path, parameters: str, *options: str, gop: int = 60, name: str = "source.mp4") -> Path:
    return counted(folder, name, *H264, "-g", str(gop), "-x264-params", parameters, *options, *AAC, seconds=15)


def with_cover(folder: Path) -> Path:
    source = closed(folder)
    cover = remade(source, "cover.png", "-frames:v", "1")
    both = ("-map", "1:v", "-map", "0", "-c", "copy", "-disposition:v:0", "attached_pic")
    return remade(source, "covered.mp4", "-i", str(cover), *both)


def variable(folder: Path) -> Path:
    """Every third of some pictures is left out, and the gaps stay."""
    every = ("-vf", "select=mod(n*n\\,3)", "-fps_mode", "passthrough", "-enc_time_base:v", "1:15360")
    return remade(closed(folder), "variable.mp4", *every, *H264, "-g", "60", "-c:a", "copy")


def tracks(folder: Path) -> Path:
    other = closed(folder, "other.mkv")
    maps = ("-map", "0", "-map", "1:a", "-c:v", "copy", "-c:a:0", "copy", "-c:a:1", "libopus")
    return remade(closed(folder), "tracks.mkv", "-i", str(other), *maps)


def late_sound(folder: Path) -> Path:
    """The sound begins four seconds after the picture."""
    source = closed(folder)
    return remade(source, "late.mp4", "-itsoffset", "4", "-i", str(source), "-map", "0:v", "-map", "1:a", "-c", "copy")


def joined(folder: Path) -> Path:
    """Two recordings one behind the other, as a set-top box does it: the times of the second begin anew."""
    first, second = closed(folder, "first.ts"), closed(folder, "second.ts")
    target = folder / "joined.ts"
    target.write_bytes(first.read_bytes() + second.read_bytes())
    return target


def long_sound(folder: Path) -> Path:
    """The sound goes on for two seconds after the last picture."""
    source = closed(folder)
    cut = remade(source, "short.mp4", "-map", "0:v", "-c", "copy", "-t", "23")
    return remade(cut, "long.mp4", "-i", str(source), "-map", "0:v", "-map", "1:a", "-c", "copy")


def late_picture(folder: Path) -> Path:
    """The picture begins two seconds after the sound."""
    source = closed(folder)
    return remade(source, "late.mkv", "-itsoffset", "2", "-i", str(source), "-map", "0:a", "-map", "1:v", "-c", "copy")


def subtitled(folder: Path, name: str, codec: str) -> Path:
    lines = folder / "lines.srt"
    times = [("00:00:01,000", "00:00:04,000"), ("00:00:07,000", "00:00:09,500"), ("00:00:20,000", "00:00:22,000")]
    lines.write_text("".join(f"{n}\n{a} --> {b}\nLine {n}\n\n" for n, (a, b) in enumerate(times, start=1)))
    return remade(closed(folder), name, "-i", str(lines), "-map", "0", "-map", "1", "-c", "copy", "-c:s", codec)


def with_chapters(folder: Path, name: str = "chapters.mp4") -> Path:
    about = folder / "about.txt"
    about.write_text(
        ";FFMETADATA1\ntitle=A film\nartist=Someone\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=9000\ntitle=One\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=9000\nEND=25000\ntitle=Two\n"
    )
    return remade(closed(folder), name, "-i", str(about), "-map", "0", "-map_metadata", "1", "-c", "copy")


def surround(folder: Path) -> Path:
    return remade(closed(folder), "surround.mkv", "-c:v", "copy", "-c:a", "ac3", "-ac", "6", "-b:a", "384k")


def resized(folder: Path) -> Path:
    """The picture becomes larger in the middle, as broadcasts do between a film and an advertisement."""
    first = counted(folder, "small.ts", *H264, "-g", "60", *AAC, size="400x224", seconds=10)
    more = ("-output_ts_offset", "10", "-muxdelay", "0")
    second = counted(folder, "large.ts", *H264, "-g", "60", *AAC, *more, size="640x360", seconds=10)
    target = folder / "resized.ts"
    target.write_bytes(first.read_bytes() + second.read_bytes())
    return target


def anamorphic(folder: Path) -> Path:
    return counted(folder, "wide.mp4", *H264, "-g", "80", "-aspect", "64:27", *AAC)


VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "600k", "-g", "100")
VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "600k", "-auto-alt-ref", "1")
HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error")
HEVC_CLOSED = (*HEVC[:-1], "log-level=error:open-gop=0:keyint=80:min-keyint=80")
HDR = (
    *HEVC[:-1],
    "log-level=error:open-gop=0:keyint=80:hdr10=1:master-display="
    "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400",
)
HDR_COLOURS = ("-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc")
AV1 = ("-c:v", "libsvtav1", "-preset", "12", "-crf", "40", "-g", "80")


def h264(folder: Path, name: str, *more: str, rate: str = "30", seconds: float = 25, gop: str = "80") -> Path:
    return counted(folder, name, *H264, "-g", gop, *more, rate=rate, seconds=seconds)


# There is no keyframe at which these fall into two, or no telling where their pictures belong.
STUCK = {
    "open GOPs",
    "intra refresh",
    "one GOP",
    "HEVC",
    "HEVC turned",
    "H.264 in AVI",
    "MPEG-4 in AVI",
    "MJPEG in AVI",
}

KINDS = (
    Kind("closed GOPs", True, closed),
    Kind("closed GOPs in Matroska", True, lambda folder: closed(folder, "source.mkv")),
    Kind("closed GOPs in MPEG-TS", True, lambda folder: closed(folder, "source.ts")),
    Kind("closed GOPs in QuickTime", True, lambda folder: h264(folder, "source.mov", "-c:a", "pcm_s16le")),
    Kind("closed GOPs in FLV", True, lambda folder: closed(folder, "source.flv")),
    Kind("closed GOPs in 3GP", True, lambda folder: closed(folder, "source.3gp")),
    Kind("closed GOPs, sound as Opus", True, lambda f: counted(f, "s.mkv", *H264, "-g", "80", "-c:a", "libopus")),
    Kind("closed GOPs, surround", True, surround),
    Kind("fragmented", True, lambda f: remade(closed(f), "f.mp4", "-c", "copy", "-movflags", "frag_keyframe")),
    Kind("all intra", True, lambda folder: counted(folder, "source.mp4", *H264, "-g", "1", *AAC)),
    Kind("24 a second", True, lambda f: h264(f, "s.mp4", *AAC, rate="24")),
    Kind("25 a second", True, lambda f: h264(f, "s.mp4", *AAC, rate="25")),
    Kind("29.97 a second", True, lambda f: counted(f, "s.mp4", *H264, "-g", "60", *AAC, rate="30000/1001")),
    Kind("50 a second", True, lambda f: h264(f, "s.mp4", *AAC, rate="50")),
    Kind("60 a second", True, lambda f: h264(f, "s.mp4", *AAC, rate="60")),
    Kind("120 a second", True, lambda f: h264(f, "s.mp4", *AAC, rate="120", seconds=15)),
    Kind("variable rate", True, variable),
    Kind("no sound", True, lambda folder: counted(folder, "source.mp4", *H264, "-g", "80", sound=False)),
    Kind("two sound tracks", True, tracks),
    Kind("sound begins late", True, late_sound),
    Kind("sound ends late", True, long_sound),
    Kind("picture begins late", True, late_picture),
    Kind("turned by a quarter", True, lambda folder: turned(closed(folder), "turned.mp4")),
    Kind("turned by a half", True, lambda folder: display(closed(folder), 180)),
    Kind("turned by three quarters", True, lambda folder: display(closed(folder), 270)),
    Kind("anamorphic", True, anamorphic),
    Kind("begins at 100 s", True, lambda f: remade(closed(f), "o.mp4", "-c", "copy", "-output_ts_offset", "100")),
    Kind("times wrap", True, lambda f: remade(closed(f), "w.ts", "-c", "copy", "-output_ts_offset", "95433")),
    Kind("times begin anew", True, joined),
    Kind("cover art", True, with_cover),
    Kind("subtitles in Matroska", True, lambda folder: subtitled(folder, "lines.mkv", "srt")),
    Kind("subtitles as ASS", True, lambda folder: subtitled(folder, "lines.mkv", "ass")),
    Kind("subtitles in mp4", True, lambda folder: subtitled(folder, "lines.mp4", "mov_text")),
    Kind("chapters", True, with_chapters),
    Kind("open GOPs", False, lambda folder: x264(folder, "open-gop=1")),
    Kind("intra refresh", False, lambda folder: x264(folder, "intra-refresh=1:bframes=0")),
    Kind("one GOP", False, lambda folder: x264(folder, "keyint=infinite")),
    Kind("edit list", True, lambda f: remade(closed(f), "e.mp4", "-c", "copy", before=("-ss", "3.3"))),
    Kind("interlaced", True, lambda folder: x264(folder, "tff=1", "-flags", "+ilme+ildct")),
    Kind("H.264 in AVI", False, lambda f: counted(f, "s.avi", *H264, "-g", "60", "-c:a", "libmp3lame", seconds=15)),
    Kind("10 bits", False, lambda f: counted(f, "s.mp4", *H264, *AAC, pix="yuv420p10le", seconds=15)),
    Kind("4:2:2", False, lambda f: counted(f, "s.mp4", *H264, *AAC, pix="yuv422p", seconds=15)),
    Kind("odd size", False, lambda f: counted(f, "s.mkv", *H264, *AAC, size="321x181", pix="yuv444p", seconds=15)),
    Kind("HEVC", False, lambda folder: counted(folder, "source.mp4", *HEVC, *AAC, seconds=15)),
    Kind("HEVC in closed GOPs", False, lambda f: counted(f, "s.mp4", *HEVC_CLOSED, "-tag:v", "hvc1", *AAC, seconds=15)),
    Kind("HEVC in closed GOPs in MPEG-TS", False, lambda f: counted(f, "s.ts", *HEVC_CLOSED, *AAC, seconds=15)),
    Kind(
        "HEVC with HDR",
        False,
        lambda f: counted(f, "s.mp4", *HDR, *HDR_COLOURS, *AAC, pix="yuv420p10le", seconds=15),
    ),
    Kind(
        "HEVC turned",
        False,
        lambda folder: turned(counted(folder, "source.mp4", *HEVC, *AAC, seconds=15), "turned.mp4"),
    ),
    Kind("VP9 in WebM", False, lambda f: counted(f, "s.webm", *VP9, "-c:a", "libopus", seconds=15)),
    Kind("VP8 in WebM", False, lambda f: counted(f, "s.webm", *VP8, "-c:a", "libopus", seconds=15)),
    Kind("AV1 in mp4", False, lambda f: counted(f, "s.mp4", *AV1, *AAC, seconds=15)),
    Kind("AV1 in WebM", False, lambda f: counted(f, "s.webm", *AV1, "-c:a", "libopus", seconds=15)),
    Kind("MPEG-2", False, lambda f: counted(f, "s.ts", "-c:v", "mpeg2video", "-q:v", "3", *AAC, seconds=15)),
    Kind(
        "MPEG-4 in mp4",
        False,
        lambda f: counted(f, "s.mp4", "-c:v", "mpeg4", "-q:v", "3", "-g", "60", *AAC, seconds=15),
    ),
    Kind(
        "MPEG-4 in AVI",
        False,
        lambda f: counted(f, "s.avi", "-c:v", "mpeg4", "-bf", "2", "-q:v", "3", "-c:a", "libmp3lame", seconds=15),
    ),
    Kind(
        "H.263 in 3GP",
        False,
        lambda f: counted(f, "s.3gp", "-c:v", "h263", "-q:v", "3", *AAC, size="352x288", seconds=15),
    ),
    Kind(
        "MJPEG in AVI",
        False,
        lambda f: counted(f, "s.avi", "-c:v", "mjpeg", "-q:v", "3", "-c:a", "pcm_s16le", pix="yuvj420p", seconds=15),
    ),
)
