"""Writes clipmill(1) from the commands' own help, and clipmill.env(5) from the file's own remarks: DIRECTORY."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from clipmill_cli.main import app

SETTINGS = Path("deploy/systemd/clipmill.env")
_PARAGRAPH = re.compile(r"\n\s*\n")


def commands() -> str:
    """clipmill(1)."""
    root = get_command(app)
    head = [
        '.TH CLIPMILL 1 "" clipmill "User commands"',
        ".SH NAME\nclipmill \\- hand jobs to a fleet of video workers, and see how it is",
        ".SH SYNOPSIS\n.B clipmill\n.I command\n.RI [ options ]",
        f".SH DESCRIPTION\n{_prose(root.help or '')}",
        ".SH COMMANDS",
    ]
    tail = [
        ".SH EXIT STATUS\n0 done, 1 failed, 2 wrong usage, 3 done in part, 69 broker or manager out of reach,",
        "78 wrong settings.",
        ".SH SEE ALSO\n.BR clipmill.env (5),\n.BR clipmill.target (8)",
    ]
    return "\n".join([*head, *_commands(root, _context(root, "clipmill")), *tail, ""])


def settings() -> str:
    """clipmill.env(5)."""
    head = [
        '.TH CLIPMILL.ENV 5 "" clipmill "File formats"',
        ".SH NAME\nclipmill.env \\- settings of the clipmill fleet",
        ".SH SYNOPSIS\n.I /etc/clipmill/clipmill.env",
        ".SH DESCRIPTION",
    ]
    first, *others = _PARAGRAPH.split(SETTINGS.read_text().strip())
    entries = [".SH SETTINGS", *map(_setting, others)]
    tail = [".SH SEE ALSO\n.BR clipmill (1),\n.BR clipmill.target (8)"]
    return "\n".join([*head, _remarks(first), *entries, *tail, ""])


def _commands(group: Any, context: Any) -> Iterator[str]:
    """A section a command, those of the groups below too. (typer has brought its own click along, without types.)"""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        own = _context(command, name, context)
        if hasattr(command, "list_commands"):
            yield from _commands(command, own)
        else:
            yield _command(command, own)


def _context(command: Any, name: str, parent: Any = None) -> Any:
    return command.context_class(command, info_name=name, parent=parent)


def _command(command: Any, context: Any) -> str:
    usage = " ".join(command.collect_usage_pieces(context))
    records = filter(None, (parameter.get_help_record(context) for parameter in command.get_params(context)))
    options = [f".TP\n.B {_plain(name)}\n{_plain(text)}" for name, text in records]
    return "\n".join([f".SS {_plain(context.command_path)} {_plain(usage)}", _prose(command.help or ""), *options])


def _setting(block: str) -> str:
    keys = [line[1:] for line in block.splitlines() if re.match(r"#[A-Z_]+=", line)]
    text = "\n".join(line for line in block.splitlines() if not re.match(r"#[A-Z_]+=", line))
    return "\n".join([".TP\n.B " + "\n.TQ\n.B ".join(map(_plain, keys)), _remarks(text)])


def _remarks(text: str) -> str:
    return "\n".join(_plain(line.removeprefix("#").strip()) for line in text.splitlines())


def _prose(text: str) -> str:
    """Paragraphs as click has them: one that begins with \\b keeps its lines."""
    return "\n.PP\n".join(_paragraph(part) for part in _PARAGRAPH.split(text.strip()))


def _paragraph(text: str) -> str:
    lines = [_plain(line) for line in text.replace("\b", "").strip("\n").splitlines()]
    return "\n".join([".nf", *lines, ".fi"] if "\b" in text else [line.strip() for line in lines])


def _plain(text: str) -> str:
    """Text that troff takes as it is."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", escaped)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (folder / "clipmill.1").write_text(commands())
    (folder / "clipmill.env.5").write_text(settings())
