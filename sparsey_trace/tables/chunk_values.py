"""A chunk's values of one metric, in the form in which they go into tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.metrics.reductions import Reduced, reduce
from sparsey_trace.tables.build import build, sample_columns
from sparsey_trace.tables.groups import Groups

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import Layout
    from sparsey_trace.metrics.base import SampleMetric, SampleValues


@dataclass(frozen=True, eq=False)
class ChunkValues:
    """A chunk's values of one metric: a table where the resolution is `sample`, else groups.

    Attributes:
        macs: the values of MACs.
        layers: the values of whole layers; None where the metric has none.
    """

    macs: Groups | pa.Table
    layers: Groups | pa.Table | None


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
    if resolution == "sample":
        return _tables(metric, given, chunk, reduction)
    sample = _positions(given, chunk)
    group = partial(Groups.of, chunk, sample, resolution=resolution, over_samples=metric.over_samples)
    if given.layer_values is None:
        return ChunkValues(group(given.values), None)
    return ChunkValues(group(given.values), group([values[:, None] for values in given.layer_values]))


def _tables(
    metric: SampleMetric[Any], given: SampleValues, chunk: Chunk, reduction: str | None
) -> ChunkValues:
    keys = sample_columns(chunk, _positions(given, chunk))
    extra = {name: given.extra[name].astype(dtype) for name, dtype in metric.extra.items()}
    kind = np.int64 if metric.counts else np.float64
    values = [part.astype(kind, copy=False) for part in given.values]
    macs = build(keys, reduce(reduction, values), extra)
    if given.layer_values is None:
        return ChunkValues(macs, None)
    return ChunkValues(macs, build(keys, per_layer(np.stack(list(given.layer_values), axis=1)), {}))


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
