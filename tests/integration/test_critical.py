"""A critical error in a real process: a fresh one at once, under the same PID, three times within a minute at most."""

import subprocess
import sys
import textwrap

SCRIPT = textwrap.dedent("""
    import os
    from clipmill.critical import CriticalError, start_afresh
    print(os.getpid(), flush=True)
    start_afresh(CriticalError("no luck"))
    raise SystemExit(1)
""")


def test_a_fresh_process_takes_the_place_three_times_and_then_it_is_a_crash() -> None:
    """The same PID each time: the unit stays active."""
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60)
    pids = run.stdout.split()
    assert len(pids) == 4
    assert len(set(pids)) == 1
    assert run.returncode == 1
    assert "3 fresh starts within a minute did not help" in run.stderr
