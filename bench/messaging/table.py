"""The one table at the end: a row a contender, a column a figure, with the ratio to the floor where it says most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bench.messaging.figures import FIGURES, Figure, Figures


def render(rows: Mapping[str, Figures], floor: str) -> str:
    """Plain text; "-" where a figure was not measured."""
    columns = [figure for figure in FIGURES if any(figure.name in figures for figures in rows.values())]
    head = ["", *(figure.title for figure in columns)]
    body = [[name, *(_cell(column, figures, rows[floor]) for column in columns)] for name, figures in rows.items()]
    return "\n".join(_aligned([head, *body]))


def _cell(figure: Figure, figures: Figures, floor: Figures) -> str:
    if figure.name not in figures:
        return "-"
    text = f"{figures[figure.name]:.{figure.decimals}f}"
    if figure.against_floor and floor.get(figure.name):
        text += f" ({figures[figure.name] / floor[figure.name]:.2f}x)"
    return text


def _aligned(lines: Sequence[Sequence[str]]) -> Iterable[str]:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for first, *others in lines:
        cells = [text.rjust(width) for text, width in zip(others, widths[1:], strict=True)]
        yield " | ".join([first.ljust(widths[0]), *cells])
