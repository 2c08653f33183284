"""A notifier that is killed between sending and recording: the repetition carries the same id, and is counted."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.rig.deadline import until
from tests.unit.notifier.conftest import SECRET
from tests.unit.notifier.receiver import Post, receiver


@contextlib.contextmanager
def notifier(state: Path, url: str, *tell: str) -> Iterator[subprocess.Popen[bytes]]:
    """The process; killed at the end of the block if it still runs."""
    command = [sys.executable, "-m", "tests.unit.notifier.notifier_process", str(state), url, *tell]
    with subprocess.Popen(command) as process:
        try:
            yield process
        finally:
            process.kill()


def rows(state: Path, statement: str) -> list[tuple[object, ...]]:
    """What the memory holds."""
    with contextlib.closing(sqlite3.connect(f"file:{state}/notifier.db?mode=ro", uri=True)) as connection:
        return connection.execute(statement).fetchall()


def test_the_repetition_after_a_kill_carries_the_same_id_and_is_counted(tmp_path: Path) -> None:
    """Killed while the receiver has the post and has not answered; started again without any event."""
    (tmp_path / "webhook-secret").write_text(SECRET)
    victims: list[subprocess.Popen[bytes]] = []

    def answer(post: Post) -> int | None:
        if not victims:
            return 200
        victim = victims.pop()
        victim.kill()
        victim.wait()
        return None

    with receiver(answer) as there:
        with notifier(tmp_path, there.url, "tell") as process:
            victims.append(process)
            first = there.post()
            assert process.wait(20) == -signal.SIGKILL
        assert rows(tmp_path, "SELECT state FROM deliveries WHERE channel = 'webhook'") == [("sending",)]
        with notifier(tmp_path, there.url) as process:
            second = there.post()
            sent = "SELECT tries, repeats FROM deliveries WHERE channel = 'webhook' AND state = 'sent'"
            assert until(lambda: rows(tmp_path, sent), what="the record") == [(2, 1)]
            process.terminate()
            assert process.wait(20) == 0
        assert there.is_idle()
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == "job/notice"
    assert first.body == second.body
