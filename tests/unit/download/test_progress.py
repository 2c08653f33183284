"""One percentage out of many files."""

from typing import Any

import pytest

from clipmill_download.progress import Meter, fraction


def downloading(done: int, total: int | None = 100, **more: Any) -> dict[str, Any]:
    return {"status": "downloading", "downloaded_bytes": done, "total_bytes": total, **more}


FINISHED = {"status": "finished", "downloaded_bytes": 100, "total_bytes": 100}


class Told:
    """A meter whose clock is turned by hand, and what it told."""

    def __init__(self) -> None:
        self.now = 0.0
        self.percents: list[float] = []
        self.notes: list[str] = []
        self.meter = Meter(self._report, clock=lambda: self.now)

    def hook(self, *statuses: dict[str, Any]) -> None:
        for status in statuses:
            self.now += 1
            self.meter.hook(status)

    def _report(self, percent: float, note: str) -> None:
        self.percents.append(round(percent, 1))
        self.notes.append(note)


def test_one_file_rises_to_99_and_the_rest_is_for_hashing() -> None:
    told = Told()
    told.meter.begin(entry=1, entries=1, files=1)
    told.hook(downloading(0), downloading(50), FINISHED)
    assert told.percents == [0, 50, 99]


def test_picture_and_sound_share_the_way() -> None:
    told = Told()
    told.meter.begin(entry=1, entries=1, files=2)
    told.hook(downloading(50), FINISHED, downloading(50), FINISHED)
    assert told.percents == [25, 50, 75, 99]


def test_the_entries_of_a_list_share_the_way() -> None:
    told = Told()
    for entry in (1, 2):
        told.meter.begin(entry=entry, entries=2, files=1)
        told.hook(downloading(50), FINISHED)
    assert told.percents == [25, 50, 75, 99]
    assert told.notes[2] == "video 2 of 2, 50 bytes"


def test_it_never_falls_when_an_estimate_grows_or_a_download_starts_again() -> None:
    told = Told()
    told.hook(downloading(60), downloading(60, None, total_bytes_estimate=600), downloading(0), downloading(61))
    assert told.percents == [60, 60, 60, 61]


def test_it_tells_twice_a_second_at_most() -> None:
    told = Told()
    for byte in range(1000):
        told.now += 0.01
        told.meter.hook(downloading(byte, 1000))
    assert len(told.percents) in (20, 21)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (downloading(25), 0.25),
        (downloading(25, None, total_bytes_estimate=50), 0.5),
        (downloading(25, None), 0),
        (downloading(25, None, fragment_index=3, fragment_count=4), 0.75),
        (downloading(25, 0), 0),
        (downloading(300), 1),
        ({"status": "downloading"}, 0),
        (FINISHED, 0),
        ({"status": "error"}, 0),
    ],
)
def test_a_fraction_is_of_what_is_known(status: dict[str, Any], expected: float) -> None:
    assert fraction(status) == expected
