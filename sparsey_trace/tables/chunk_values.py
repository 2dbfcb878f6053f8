"""A chunk's values of one metric, in the form in which they go into tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.metrics.base import SampleValues
from sparsey_trace.metrics.reductions import Reduced, reduce
from sparsey_trace.tables.build import build, sample_columns
from sparsey_trace.tables.groups import Groups
from sparsey_trace.tables.run_totals import RunTotals

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import Layout
    from sparsey_trace.metrics.base import SampleMetric


@dataclass(frozen=True, eq=False)
class ChunkValues:
    """A chunk's values of one metric: a table where the resolution is `sample`, else groups.

    Attributes:
        macs: the values of MACs.
        layers: the values of whole layers; None where the metric has none.
        totals: of all that a summary tells, by the table that it goes into and by what it is called there.
    """

    macs: Groups | pa.Table
    layers: Groups | pa.Table | None
    totals: Mapping[str, Mapping[str, RunTotals]]


def no_values(metric: SampleMetric[Any], layout: Layout) -> SampleValues:
    """What a metric gives out for no samples, so that a table without a row has all its columns."""
    nothing = np.empty(0, np.int64)
    kind = np.int64 if metric.counts else np.float64
    return SampleValues(
        sample=nothing,
        values=[np.empty((0, layer.num_macs), kind) for layer in layout.layers],
        layer_values=[np.empty(0, kind)] * len(layout.layers) if metric.has_layer_values else None,
        extra=dict.fromkeys(metric.extra, nothing),
        beside={name: [np.empty((0, layer.num_macs)) for layer in layout.layers] for name in metric.beside},
    )


def chunk_values(
    metric: SampleMetric[Any], given: SampleValues, chunk: Chunk, *, resolution: str, reduction: str | None
) -> ChunkValues:
    """What a metric gave out for a chunk, in the form in which it goes into tables.

    Args:
        metric: the metric.
        given: what its `values` returned for the chunk.
        chunk: the chunk.
        resolution: of the tables.
        reduction: of the tables; groups are reduced later, when they are complete.
    """
    sample = _positions(given, chunk)
    of_layers = None if given.layer_values is None else [values[:, None] for values in given.layer_values]
    if resolution == "sample":
        macs, layers = _tables(metric, given, chunk, reduction)
    else:
        group = partial(Groups.of, chunk, sample, resolution=resolution, over_samples=metric.over_samples)
        macs = group(given.values, may_lack=metric.may_lack)
        layers = None if of_layers is None else group(of_layers)
    return ChunkValues(macs, layers, _totals(metric, given, chunk, macs if resolution == "step" else None))


def _totals(
    metric: SampleMetric[Any], given: SampleValues, chunk: Chunk, steps: Groups | pa.Table | None
) -> dict[str, dict[str, RunTotals]]:
    sample = _positions(given, chunk)
    totals = partial(RunTotals.of, chunk, sample, over_samples=metric.over_samples)
    known = steps if isinstance(steps, Groups) else None
    found = {metric.name: {metric.name: totals(given.values, may_lack=metric.may_lack, steps=known)}}
    for name, values in given.beside.items():
        found[metric.name][name] = totals(values, may_lack=True)
    if given.layer_values is not None:
        of_layers = [values[:, None] for values in given.layer_values]
        found[f"{metric.name}_layer"] = {f"{metric.name}_layer": totals(of_layers)}
    return found


def _tables(
    metric: SampleMetric[Any], given: SampleValues, chunk: Chunk, reduction: str | None
) -> tuple[pa.Table, pa.Table | None]:
    keys = sample_columns(chunk, _positions(given, chunk))
    extra = {name: given.extra[name].astype(dtype) for name, dtype in metric.extra.items()}
    kind = np.int64 if metric.counts else np.float64
    values = [part.astype(kind, copy=False) for part in given.values]
    macs = build(keys, reduce(reduction, values), extra, may_lack=metric.may_lack)
    if given.layer_values is None:
        return macs, None
    return macs, build(keys, per_layer(np.stack(list(given.layer_values), axis=1)), {})


def _positions(given: SampleValues, chunk: Chunk) -> NDArray[np.int64]:
    """[n] int64, the positions in the chunk of the samples that have a value."""
    return np.arange(len(chunk)) if given.sample is None else given.sample


def split_layers(layout: Layout, values: NDArray[Any]) -> list[NDArray[Any]]:
    """[g, all MACs] to one [g, M] for each layer."""
    ends = np.cumsum([layer.num_macs for layer in layout.layers])
    return np.split(values, ends[:-1], axis=1)


def per_layer(values: NDArray[Any]) -> Reduced:
    """Values [g, L] that belong to layers as a whole."""
    return Reduced(values, np.arange(values.shape[1], dtype=np.int16), None)
