"""Tables of ours in IPython: their first and last rows, and what they are of."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sparsey_trace.support.html_table import number, table
from sparsey_trace.tables.provenance import METADATA_KEY, provenance_of

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 5
"""So many at either end."""


def page_of(found: pa.Table) -> str | None:
    """A table as HTML; None for one that isn't ours, which IPython then shows as it would."""
    if METADATA_KEY not in (found.schema.metadata or {}):
        return None
    made = provenance_of(found.schema) or {}
    columns = {field.name: str(field.type) for field in found.schema}
    numbers = [name for name, kind in columns.items() if kind.startswith(("int", "uint", "float", "double"))]
    first, rest = found.slice(0, _ROWS), found.slice(max(_ROWS, len(found) - _ROWS))
    rows = [_cells(row) for row in first.to_pylist()]
    if len(found) > 2 * _ROWS:
        rows.append(["…"] * len(columns))
    rows += [_cells(row) for row in rest.to_pylist()]
    form = f"resolution {made.get('resolution')}, reduction {made.get('reduction') or 'none'}"
    caption = f"{made.get('metric')}: {len(found):,} rows, {form}, {number(made.get('samples'))} samples"
    notes = [f"{name}: {made['notes'][name]}" for name in ("gaps",) if made.get("notes", {}).get(name)]
    return table(rows, heads=list(columns), numbers=numbers, caption=caption, notes=notes)


def _cells(row: dict[str, object]) -> list[object]:
    """Lists, such as basis averages, by their length only."""
    return [f"{len(cell):,} values" if isinstance(cell, list) else cell for cell in row.values()]


def show_tables() -> None:
    """Have IPython, where it is at work, show tables of ours; pyarrow's class can't be taught itself."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    if shell is None:
        return
    formatter = shell.display_formatter.formatters["text/html"]
    try:
        formatter.lookup_by_type("pyarrow.lib.Table")
    except KeyError:
        # Nobody else shows them yet.
        formatter.for_type_by_name("pyarrow.lib", "Table", page_of)
