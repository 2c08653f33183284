"""Progress of the whole: per cents that only grow, each told once."""

from clipmill_cutter.progress import Progress


def test_stages_share_the_hundred_and_no_per_cent_is_told_twice() -> None:
    told: list[tuple[float, str]] = []
    progress = Progress(lambda percent, note: told.append((percent, note)))
    looking, copying = progress.stage(0, 10, "looking"), progress.stage(10, 90, "copying")
    for percent in (0.0, 4.0, 50.0, 100.0):
        looking(percent)
    for percent in (0.0, 50.0, 50.4, 100.0):
        copying(percent)
    assert told == [(0, "looking"), (5, "looking"), (10, "looking"), (50, "copying"), (90, "copying")]


def test_a_second_way_does_not_go_back() -> None:
    told: list[float] = []
    progress = Progress(lambda percent, note: told.append(percent))
    progress.stage(0, 50, "copying")(100)
    progress.stage(0, 100, "encoding")(20)
    progress.stage(0, 100, "encoding")(60)
    assert told == [50, 60]
