"""Standard error, elsewhere for a while."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import subprocess, sys
from pathlib import Path
from clipmill_cli.logfile import stderr_to
with stderr_to(Path(sys.argv[1])) as terminal:
    print("for the log", file=sys.stderr)
    subprocess.run(["sh", "-c", "echo of a child >&2"])
    print("for the person", file=terminal)
print("as ever", file=sys.stderr)
"""


def test_only_what_is_meant_for_the_person_reaches_the_terminal(tmp_path: Path) -> None:
    log = tmp_path / "log"
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(log)], capture_output=True, text=True, check=True)
    assert done.stderr == "for the person\nas ever\n"
    assert sorted(log.read_text().splitlines()) == ["for the log", "of a child"]
