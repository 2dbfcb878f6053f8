"""Tables as notebooks show them; all text in them is escaped."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence


def table(
    rows: Iterable[Sequence[Any]],
    *,
    heads: Sequence[str] = (),
    numbers: Collection[str] = (),
    caption: str = "",
    notes: Iterable[str] = (),
) -> str:
    """A table in HTML.

    Args:
        rows: texts, or values that are shown as `number` shows them.
        heads: of the columns.
        numbers: the heads of columns that are set to the right, as all their cells are of numbers.
        caption: above it.
        notes: lines below it; empty ones are left out.

    >>> table([["v<1>", 1200]], heads=["layer", "MACs"])
    '<table><tr><th>layer</th><th>MACs</th></tr><tr><td>v&lt;1&gt;</td><td>1,200</td></tr></table>'
    """
    right = [" style='text-align:right'" if head in numbers else "" for head in heads]
    shown = [[html.escape(cell if isinstance(cell, str) else number(cell)) for cell in row] for row in rows]
    above = (
        f"<caption style='text-align:left;white-space:nowrap'>{html.escape(caption)}</caption>"
        if caption
        else ""
    )
    top = "".join(f"<th>{html.escape(head)}</th>" for head in heads)
    lines = "".join(
        "<tr>"
        + "".join(f"<td{right[i] if heads else ''}>{cell}</td>" for i, cell in enumerate(row))
        + "</tr>"
        for row in shown
    )
    below = "".join(f"<p>{html.escape(note)}</p>" for note in notes if note)
    return f"<table>{above}{f'<tr>{top}</tr>' if heads else ''}{lines}</table>{below}"


def number(value: Any) -> str:
    """A number as a person reads it; nothing for None.

    >>> number(1234567), number(1234.5), number(0.123456), number(None)
    ('1,234,567', '1,234', '0.1235', '')
    """
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None else str(value)
