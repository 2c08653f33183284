"""`python -m bench.cutter`: the cutter beside the original's command, -f segment, a full re-encode, smartcut, mkvmerge.

Kinds of sources first, each judged picture by picture; then 10 minutes of 1080p, and with --long an hour and four. CPU
seconds are those of whole commands, Python's start included; a warm child's, which the fleet pays, stand below.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from bench.cutter.contenders import Contender, everybody
from bench.cutter.sources import Sample, long, small
from bench.cutter.usage import Usage
from bench.place import clean, scratch
from tests.media import clips
from tests.media.counted import judge


def main() -> None:
    """Measure and print."""
    wanted = _arguments()
    contenders = [one for one in everybody() if wanted.only is None or one.name in wanted.only.split(",")]
    for one in (one for one in contenders if one.missing):
        print(f"{one.name} is left out: {one.missing}")
    here = [one for one in contenders if not one.missing]
    if not wanted.no_kinds:
        _kinds(here)
    for minutes in (10, 60, 240) if wanted.long else (10,):
        _long(minutes, here if minutes == 10 else [one for one in here if one.name in ("original", "clipmill")])
    clean()


def _kinds(contenders: Iterable[Contender]) -> None:
    for sample in small():
        print(f"\n{sample.name}, at most {sample.limit:g} s")
        folder = scratch()
        source = sample.make(folder)
        for one in contenders:
            _row(one, sample, source)
        shutil.rmtree(folder)


def _long(minutes: int, contenders: Iterable[Contender]) -> None:
    print(f"\n{minutes} min of 1080p, at most 30 s")
    folder = scratch()
    sample = long(minutes)
    source = sample.make(folder)
    for one in contenders:
        _row(one, sample, source)
    _warm(source)
    shutil.rmtree(folder)


def _row(one: Contender, sample: Sample, source: Path) -> None:
    folder = scratch()
    used, parts = one.cut(source, folder, sample.limit)
    print(f"  {one.name:15} {_figures(used, source, parts)}  {_verdict(used, sample, source, parts)}", flush=True)
    shutil.rmtree(folder)


def _figures(used: Usage, source: Path, parts: list[Path]) -> str:
    size = sum(part.stat().st_size for part in parts) / source.stat().st_size
    return f"{used.cpu:8.2f} CPU s {used.peak:6.0f} MiB  size x{size:.3f} {len(parts):4} parts"


def _verdict(used: Usage, sample: Sample, source: Path, parts: list[Path]) -> str:
    if used.failed or not parts:
        return f"failed: {used.failed[:80]}"
    if not sample.judged:
        return ""
    try:
        found = judge(source, parts, sample.limit)
    except Exception as error:  # noqa: BLE001  # parts that the judge cannot even open are wrong
        return f"WRONG: {str(error)[-80:]}"
    faults = [f"{count} {name}" for name, count in found.wrong.items()]
    faults += [f"{found.longest:.2f} s long"] if found.longest > sample.limit + 0.001 else []
    faults += [f"sound off by {found.sync:.0f} ms"] if found.sync and found.sync > 5 else []
    return f"WRONG: {', '.join(faults)}" if faults else "right"


def _warm(source: Path) -> None:
    tiny = clips.clip(scratch(), "tiny.mp4", seconds=2)
    command = [sys.executable, "-m", "bench.cutter.warm", str(source), str(tiny)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    used = json.loads(done.stdout.splitlines()[-1])
    print(f"  warm child: plan and copy {used['copy']:.2f} CPU s, everything {used['all']:.2f}, {used['peak']:.0f} MiB")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.cutter", description=__doc__)
    parser.add_argument("--only", metavar="NAME,NAME", help="of the contenders")
    parser.add_argument("--no-kinds", action="store_true", help="the long sources alone")
    parser.add_argument("--long", action="store_true", help="an hour and four hours as well (10 GB of disk)")
    return parser.parse_args()


main()
