"""Tables: drawn by rich on a terminal; in a pipe aligned plain rows, that `grep`, `sort` and `cut` can work on.

Rich itself is imported where it is used.
"""

from __future__ import annotations

import sys
from itertools import zip_longest
from typing import TYPE_CHECKING

from sparsey_trace.support.printable import printable

from .printing import on_terminal, write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.table import Table


def write_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: Sequence[str] = (),
    grouped: bool = False,
) -> None:
    """Write a table.

    Args:
        columns: their names.
        rows: texts, of each row one for each column.
        numbers: names of the columns that are set to the right.
        grouped: whether rows with another first text than the row above are set apart.
    """
    clean = [[printable(cell) for cell in row] for row in rows]
    if on_terminal(sys.stdout):
        from rich.console import Console

        Console().print(rich_table(columns, clean, numbers, grouped=grouped))
        return
    widths = [max(map(len, texts)) for texts in zip(columns, *clean, strict=True)]
    for row, above in zip([columns, *clean], [None, None, *clean], strict=False):
        if grouped and above is not None and row[0] != above[0]:
            write()
        cells = [
            cell.rjust(width) if name in numbers else cell.ljust(width)
            for cell, width, name in zip(row, widths, columns, strict=True)
        ]
        write("  ".join(cells).rstrip())


def rich_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str], *, grouped: bool = False
) -> Table:
    """A table of printable texts, for rich to draw; arguments as of `write_table`."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in columns:
        drawn.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    for row, below in zip_longest(rows, rows[1:]):
        drawn.add_row(*map(Text, row), end_section=grouped and below is not None and below[0] != row[0])
    return drawn


def write_pairs(values: Mapping[str, str]) -> None:
    """Write names and values, one pair a line."""
    width = max(map(len, values))
    for name, value in values.items():
        write(f"{name.ljust(width)}  {printable(value)}")
