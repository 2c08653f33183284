"""JSON Schemas of the structs that travel, with the docstrings of their fields as descriptions."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from typing import Any

import msgspec

from clipmill import events, job_tree, messages
from clipmill_notifier import notice

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_STRUCTS = {
    name: value
    for module in (messages, events, job_tree, notice)
    for name, value in vars(module).items()
    if isinstance(value, type) and issubclass(value, msgspec.Struct)
}


def schema_of(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """The schema of a message; unknown fields are allowed, as they are on the wire."""
    _, definitions = msgspec.json.schema_components([struct], ref_template="#/$defs/{name}")
    for name, definition in definitions.items():
        if name in _STRUCTS:
            _describe(definition, _STRUCTS[name])
    schema: dict[str, Any] = {"$schema": _DIALECT, **definitions.pop(struct.__name__)}
    return schema | ({"$defs": definitions} if definitions else {})


def _describe(definition: dict[str, Any], struct: type[msgspec.Struct]) -> None:
    words = _words(struct)
    for field in msgspec.structs.fields(struct):
        if field.name in words:
            definition["properties"][field.encode_name]["description"] = words[field.name]


def _words(struct: type[msgspec.Struct]) -> dict[str, str]:
    """What the strings below the fields say, in this struct and in those that it extends."""
    words: dict[str, str] = {}
    for kind in reversed(struct.__mro__):
        if kind.__module__ in {"builtins", "msgspec._core", "msgspec"}:
            continue
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
        assert isinstance(tree, ast.ClassDef)
        words |= _strings_below_fields(tree.body)
    return words


def _strings_below_fields(body: list[ast.stmt]) -> dict[str, str]:
    words = {}
    for statement, below in itertools.pairwise(body):
        match statement, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                words[name] = inspect.cleandoc(text)
            case _:
                pass
    return words
