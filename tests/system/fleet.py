"""An installed fleet as a person of the group meets it: jobs handed in and fetched, units asked how they are."""

import json
import re
import shlex
from dataclasses import dataclass

from tests.rig.deadline import until
from tests.rig.machine import Machine

PERSON = "ana"  # in the group clipmill, and not root
UNITS = ("download@1", "download@2", "cutter@1", "preview@1", "notifier", "manager")
WEB = "http://localhost:8080"


@dataclass(frozen=True)
class Job:
    """A job that has ended."""

    machine: Machine
    id: str
    state: str
    printed: str = ""

    def files(self) -> list[str]:
        """Fetched by the person into a home that no unit can see."""
        home = f"/home/{PERSON}/{self.id}"
        self.machine.run(f"clipmill get {self.id} -o {home} --force", user=PERSON)
        return self.machine.run(f"find {home} -type f | sort").split()

    def parts(self) -> list[str]:
        return [path for path in self.files() if "/part-" in path]

    def story(self) -> list[str]:
        """Who has written about the job into the journal, oldest first."""
        entries = self.machine.run(f"journalctl JOB_ID={self.id} -o json --output-fields=_SYSTEMD_UNIT,MESSAGE")
        return [json.loads(line).get("_SYSTEMD_UNIT", "") for line in entries.splitlines()]


class Fleet:
    """An installed package."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def submit(self, arguments: str, *, status: int = 0) -> Job:
        """Hands in a link or file and waits for its end, as `clipmill submit --wait` tells it with its exit status."""
        printed = self.machine.run(f"clipmill submit {arguments} --wait 2>&1", user=PERSON, status=status)
        told = re.search(r"^job (\w+): (\w+)", printed, re.MULTILINE)
        assert told, printed
        return Job(self.machine, told[1], told[2], printed)

    def hand_in(self, arguments: str) -> str:
        """The id of a job that goes its way while the test looks on."""
        return self.machine.run(f"clipmill submit {arguments} 2>/dev/null", user=PERSON).strip()

    def await_end(self, job_id: str, *, seconds: float = 180) -> Job:
        """Followed by what the manager says of it."""
        state = until(lambda: self._ending(job_id), what=f"the end of job {job_id}", seconds=seconds, every=0.5)
        return Job(self.machine, job_id, state)

    def _ending(self, job_id: str) -> str:
        command = f"clipmill status {job_id} --json"
        if not self.machine.succeeds(command):
            return ""  # the manager has not heard of it yet, or starts again
        state: str = json.loads(self.machine.run(command))["job"]["state"]
        return "" if state == "open" else state

    def active(self, *units: str) -> bool:
        return self.machine.succeeds(f"systemctl is-active --quiet {' '.join(units or UNITS)}")

    def await_active(self, *units: str, seconds: float = 60) -> None:
        """Each one active at the same time (`is-active` with several units is content with one)."""
        for unit in units or UNITS:
            until(lambda unit=unit: self.active(unit), what=f"{unit} to be active", seconds=seconds)  # type: ignore[misc]

    def status(self, unit: str) -> str:
        """The STATUS= line of a unit."""
        return self.machine.run(f"systemctl show -P StatusText {unit}").strip()

    def await_status(self, units: tuple[str, ...], text: str, *, seconds: float = 60) -> str:
        """The first of the units whose status holds `text`."""

        def which() -> str:
            return next((unit for unit in units if text in self.status(unit)), "")

        return until(which, what=f"{text!r} in the status of {' or '.join(units)}", seconds=seconds)

    def main_pid(self, unit: str) -> int:
        return int(self.machine.run(f"systemctl show -P MainPID {unit}"))

    def failed_units(self) -> list[str]:
        return self.machine.run("systemctl list-units --failed --plain --no-legend | cut -d' ' -f1").split()


def seconds_of(machine: Machine, path: str) -> float:
    """How long a file plays, after it was decoded as a whole without one complaint."""
    quoted = shlex.quote(path)
    complaints = machine.run(f"ffmpeg -nostdin -v error -i {quoted} -f null - 2>&1")
    assert not complaints, f"{path}: {complaints}"
    entry = machine.run(f"ffprobe -v error -show_entries format=duration -of csv=p=0 {quoted}")
    return float(entry)
