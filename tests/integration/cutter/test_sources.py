"""Every kind of source is cut right: each picture once, no part too long, picture and sound together."""

from pathlib import Path

import pytest

from tests.integration.cutter.attempt import LIMIT, attempt
from tests.integration.cutter.sources import KINDS, Kind
from tests.media.counted import judge

SOUND_PACKET = 1024 / 48000
HALF_A_SOUND_PACKET_MS = 1000 * SOUND_PACKET / 2


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_parts_hold_every_picture_once_and_are_never_too_long(kind: Kind, tmp_path: Path) -> None:
    source = kind.make(tmp_path)
    done = attempt(tmp_path, source)
    verdict = judge(source, done.parts, LIMIT)
    assert verdict.wrong == {}
    assert verdict.longest <= LIMIT
    assert verdict.container <= LIMIT + SOUND_PACKET
    assert verdict.gap is None or verdict.gap <= HALF_A_SOUND_PACKET_MS + 0.4  # the judge hears at 8 kHz
    # in fragments without an edit list the first packet of sound has a hole behind it, which the judge does not hear
    assert verdict.sync is None or verdict.sync <= 5 or kind.name == "fragmented"
    assert done.encoded is not kind.copied
