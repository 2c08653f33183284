"""Where the memory goes: resident KiB that each package's modules add when they are imported, biggest first.

`python3 imports.py MODULE…` in the service's interpreter, on its own: it must import as little as possible itself.
"""

import builtins
import importlib
import sys

_grown: dict[str, int] = {}
_below: list[int] = [0]
_import = builtins.__import__


def _resident() -> int:
    with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123  # pathlib is one of the things that are measured
        return int(statm.read().split()[1]) * 4


def _counted(name: str, *words: object, **named: object) -> object:
    if name.startswith("_") or name in sys.modules:
        return _import(name, *words, **named)  # type: ignore[arg-type]
    before = _resident()
    _below.append(0)
    try:
        return _import(name, *words, **named)  # type: ignore[arg-type]
    finally:
        whole = _resident() - before
        package = name.partition(".")[0] or "relative imports"
        _grown[package] = _grown.get(package, 0) + whole - _below.pop()
        _below[-1] += whole


print(f"{_resident()} the interpreter")
builtins.__import__ = _counted  # type: ignore[assignment]  # it passes on what it is given
for module in sys.argv[1:]:
    importlib.import_module(module)
for package, size in sorted(_grown.items(), key=lambda item: -item[1]):
    print(f"{size} {package}")
