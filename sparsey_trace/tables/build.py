"""Tables built from arrays: their columns, and the columns' types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sparsey_trace.layout import MARKS, NO_LABEL
from sparsey_trace.metrics.columns import column, phase_column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.metrics.reductions import Reduced
    from sparsey_trace.tables.groups import Groups


def sample_columns(chunk: Chunk, sample: NDArray[np.int64]) -> dict[str, Any]:
    """The columns [n] that tell a chunk's samples at positions [n] apart: number, step, epoch, phase and marks."""
    marks = {name: getattr(chunk, name)[sample] for name in MARKS.values()}
    return {
        "sample": chunk.start + sample,
        "step": chunk.step[sample],
        "epoch": chunk.epoch[sample],
        "phase": chunk.phase[sample],
        **{name: np.ma.masked_array(values, values == NO_LABEL) for name, values in marks.items()},
    }


def group_columns(groups: Groups, resolution: str) -> dict[str, Any]:
    """The columns that tell groups apart, as far as the resolution has them: step, epoch, phase; [g] each."""
    columns = {"step": groups.step, "epoch": groups.epoch, "phase": groups.phase}
    dropped = {"step": (), "epoch": ("step",), "run": ("step", "epoch")}[resolution]
    return {name: column for name, column in columns.items() if name not in dropped}


def build(
    keys: dict[str, Any], reduced: Reduced, extra: dict[str, Any], *, may_lack: bool = False
) -> pa.Table:
    """A table with a row for each group (or sample) and each column of the reduced values.

    Args:
        keys: columns [g] that come first.
        reduced: values [g, X], and the layer and MAC that they belong to.
        extra: columns [g], or [g, X], that come last.
        may_lack: whether nan stands for a value that there isn't, and becomes null.

    Returns:
        g * X rows, group by group.
    """
    groups, width = reduced.values.shape
    columns = {name: _column(name, np.ma.repeat(column, width)) for name, column in keys.items()}
    if reduced.layer is not None:
        columns["layer"] = column(np.tile(reduced.layer, groups))
    if reduced.mac is not None:
        columns["mac"] = column(np.tile(reduced.mac, groups))
    values = reduced.values.ravel()
    columns["value"] = column(
        values if values.dtype == np.int64 else values.astype(np.float32),
        null=np.isnan(values) if may_lack else None,
    )
    columns |= {
        name: _column(name, found.ravel() if found.ndim > 1 else np.repeat(found, width))
        for name, found in extra.items()
    }
    return pa.table(
        columns, schema=_schema(columns, {*MARKS.values(), "value"} if may_lack else {*MARKS.values()})
    )


def _schema(columns: dict[str, pa.Array], nullable: set[str]) -> pa.Schema:
    # Columns that can't be null are declared so: it saves a tenth of the time that writing takes.
    return pa.schema(
        [pa.field(name, found.type, nullable=name in nullable) for name, found in columns.items()]
    )


def _column(name: str, values: Any) -> pa.Array:
    """A column of values [n]; masked ones are null."""
    if name == "phase":
        return phase_column(np.asarray(values))
    if isinstance(values, np.ma.MaskedArray):
        return column(values.data, null=np.ma.getmaskarray(values) if name in MARKS.values() else None)
    return column(values)
