"""Every kind of source is cut right: each picture once, no part too long, picture and sound together.

A few of all kinds, profiles and modes run always; `script/test tests/integration/cutter -m corpus` runs the rest.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clipmill_cutter.mode import Mode
from tests.integration.cutter.attempt import LIMIT, attempt
from tests.integration.cutter.sources import KINDS, Kind
from tests.media.counted import judge

SOUND_PACKET = 1024 / 44100
GAP_MS = 25

ALWAYS = {
    ("whatsapp", Mode.AUTO): {
        "closed GOPs",
        "closed GOPs in MPEG-TS",
        "closed GOPs, sound as Opus",
        "29.97 a second",
        "variable rate",
        "no sound",
        "turned by a quarter",
        "edit list",
        "open GOPs",
        "one GOP",
        "odd size",
        "HEVC turned",
        "VP8 in WebM",
    },
    ("archive", Mode.AUTO): {
        "closed GOPs in Matroska",
        "two sound tracks",
        "sound begins late",
        "begins at 100 s",
        "times begin anew",
        "subtitles in mp4",
        "HEVC in closed GOPs",
        "VP9 in WebM",
    },
    ("archive", Mode.EXACT): {
        "closed GOPs in MPEG-TS",
        "closed GOPs in Matroska",
        "interlaced",
        "HEVC in closed GOPs",
        "AV1 in WebM",
    },
    ("whatsapp", Mode.EXACT): {"closed GOPs"},
    ("archive", Mode.FEWEST): {"cover art"},
}


def cases() -> Iterator[Any]:
    for profile in ("whatsapp", "archive"):
        for mode in Mode:
            for kind in KINDS:
                always = kind.name in ALWAYS.get((profile, mode), set())
                marks = [] if always else [pytest.mark.corpus]
                yield pytest.param(kind, profile, mode, id=f"{kind}, {profile}, {mode}", marks=marks)


@pytest.mark.parametrize(("kind", "profile", "mode"), list(cases()))
def test_parts_hold_every_picture_once_and_are_never_too_long(
    kind: Kind, profile: str, mode: Mode, tmp_path: Path
) -> None:
    source = kind.make(tmp_path)
    done = attempt(tmp_path, source, profile=profile, cut=mode.value)
    verdict = judge(source, done.parts, LIMIT)
    assert verdict.wrong == {}
    assert verdict.longest <= LIMIT
    assert verdict.container <= LIMIT + SOUND_PACKET
    assert verdict.gap is None or verdict.gap <= GAP_MS
    # in fragments without an edit list the first packet of sound has a hole behind it, which the judge does not hear
    assert verdict.sync is None or verdict.sync <= 5 or kind.name == "fragmented"
    assert done.encoded is not (kind.copied if profile == "whatsapp" else kind.kept)
