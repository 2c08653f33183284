"""What an attempt has fetched, the next one does not fetch again, however the first one ended."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clipmill.outcome import Reject, Retry
from clipmill.store import Store
from tests.integration.download.attempt import attempt
from tests.integration.download.feed import feed
from tests.media import clips
from tests.media.server import Behaviour, Server
from tests.rig.deadline import until


@contextmanager
def killed(store: Path, link: str) -> Iterator[None]:
    """An attempt in a process of its own, which the kernel kills when the block ends."""
    command = [sys.executable, "-m", "tests.integration.download.attempt", str(store), link]
    with subprocess.Popen(command, cwd=Path(__file__).parents[3]) as process:
        try:
            yield
        finally:
            process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def part_size(store: Path) -> int:
    return sum(path.stat().st_size for path in store.glob("work/*/*.part"))


def test_a_file_goes_on_at_the_byte_where_a_killed_process_left_it(site: Server, store: Path) -> None:
    original = clips.noise(site.folder)
    site.rules["/noise.mp4"] = Behaviour(hold_after=3_000_000)
    with killed(store, site.url("noise.mp4")):
        until(lambda: part_size(store) > 1_000_000, what="a part of the file")
    there = part_size(store)
    del site.rules["/noise.mp4"]
    done = attempt(store, site.url("noise.mp4"))
    assert done.files[0].read_bytes() == original.read_bytes()
    assert site.requests[-1].start == there
    assert site.requests[-1].sent == original.stat().st_size - there


def test_a_stream_goes_on_at_the_segment_where_a_killed_process_left_it(site: Server, store: Path) -> None:
    clips.hls(site.folder)
    site.rules["/index2.ts"] = Behaviour(hold_after=1000)
    with killed(store, site.url("index.m3u8")):
        site.wait_sent("/index2.ts", 1000)
    del site.rules["/index2.ts"]
    assert len(attempt(store, site.url("index.m3u8")).files) == 1
    asked = [request.path for request in site.requests]
    assert [asked.count(f"/index{number}.ts") for number in range(4)] == [1, 1, 2, 1]


def test_a_connection_that_breaks_off_goes_on_within_the_attempt(site: Server, store: Path) -> None:
    original = clips.noise(site.folder)
    site.rules["/noise.mp4"] = Behaviour(cut_after=3_000_000)
    done = attempt(store, site.url("noise.mp4"))
    assert done.files[0].read_bytes() == original.read_bytes()
    starts = [request.start for request in site.requests[1:]]
    assert starts == sorted(set(starts))
    assert len(starts) > 1


def test_a_video_that_is_whole_is_not_fetched_again(site: Server, store: Path) -> None:
    """As after a crash between the download and the commit."""
    clips.clip(site.folder)
    attempt(store, site.url("clip.mp4"))
    first = len(site.requests)
    again = attempt(store, site.url("clip.mp4"))
    assert len(again.files) == 1
    assert len(site.requests) == first + 1  # the look at what the link is


def test_an_entry_never_goes_on_in_the_file_of_another(site: Server, store: Path) -> None:
    """The first entry fails, so the second is the first file; on the next attempt it is the second."""
    one, two = clips.clip(site.folder / "1"), clips.clip(site.folder / "2", seconds=3)
    link = feed(site, "1/clip.mp4", "2/clip.mp4")
    site.rules["/1/clip.mp4"] = Behaviour(status=503)
    assert [file.read_bytes() for file in attempt(store, link).files] == [two.read_bytes()]
    site.rules.clear()
    assert [file.read_bytes() for file in attempt(store, link).files] == [one.read_bytes(), two.read_bytes()]


def test_what_is_larger_than_the_disk_is_refused_before_anything_is_written(site: Server, store: Path) -> None:
    """For good, with the figures: no waiting makes a disk larger."""
    with (site.folder / "huge.mp4").open("wb") as file:
        file.truncate(1 << 43)
    got = attempt(store, site.url("huge.mp4")).outcome
    assert isinstance(got, Reject)
    assert got.cause == "disk"
    assert "it can never fit: the whole disk has" in got.reason
    assert part_size(store) < 1 << 20


def test_what_would_fit_on_an_emptier_disk_waits_and_costs_no_attempt(site: Server, store: Path) -> None:
    """Twice the size of the source is wanted: for itself, and for what is made of it."""
    disk = Store(store).disk()
    with (site.folder / "large.mp4").open("wb") as file:
        file.truncate(disk.free // 2 + (1 << 20))
    got = attempt(store, site.url("large.mp4"), DISK_RESERVE="1M").outcome
    assert isinstance(got, Retry)
    assert got.cause == "disk"
    assert got.not_before is not None
    assert "more are needed" in got.reason
    assert part_size(store) < 1 << 20
