"""Reach: which of a sample's features get to a MAC through active MACs.

The features that can reach a MAC at all are those of its receptive field, so the work is done on
pairs (MAC, feature in its field): each has the set of samples in which the feature is on and arrives.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.metrics.wiring.receptive_fields import heard_by, receptive_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import LayerLayout, Layout
    from sparsey_trace.metrics.wiring.receptive_fields import Fields


@dataclass(frozen=True, eq=False)
class Reach:
    """A model's pairs (MAC, feature in its field), MAC by MAC, layer by layer: what `kernels.reach` takes.

    Attributes:
        sources: [E] int32, for each pair, one pair after the other, the pairs of the layer below that it has its
            feature from, counted from that layer's first; in the first layer the feature.
        ends: [P] int64, where the sources of each pair end.
        features: [P] int32, the feature of each pair.
        mac_ends: [M] int64, of all layers' MACs, where the pairs of each end.
        layer_ends: [L] int64, where the MACs of each layer end.
    """

    sources: NDArray[np.int32]
    ends: NDArray[np.int64]
    features: NDArray[np.int32]
    mac_ends: NDArray[np.int64]
    layer_ends: NDArray[np.int64]


@lru_cache(maxsize=8)
def reach_of(layout: Layout) -> Reach:
    """The pairs of a model."""
    edges: list[tuple[NDArray[np.int32], NDArray[np.int64]]] = []
    below: Fields | None = None
    fields = receptive_fields(layout)
    for layer, field in zip(layout.layers, fields, strict=True):
        edges += _edges(layer, below)
        below = field
    return Reach(
        sources=np.concatenate([sources for sources, _ in edges]),
        ends=np.cumsum(np.concatenate([counts for _, counts in edges])),
        features=np.concatenate([field.features for field in fields]),
        mac_ends=np.cumsum(np.concatenate([field.sizes for field in fields])),
        layer_ends=np.cumsum([layer.num_macs for layer in layout.layers]),
    )


def _edges(layer: LayerLayout, below: Fields | None) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int64]]]:
    """For each MAC of a layer the sources of its pairs, pair by pair, and how many each pair has."""
    if below is None:
        # A feature hears itself alone.
        yield from ((row, np.ones(len(row), np.int64)) for row in heard_by(layer))
        return
    # A pair's feature and its number as one number: sorted, all sources of a feature stand together, rising.
    names = below.features.astype(np.int64) << 32 | np.arange(len(below.features))
    starts = below.ends - below.sizes
    for row in heard_by(layer):
        heard = np.sort(np.concatenate([names[starts[mac] : below.ends[mac]] for mac in row]))
        last = np.flatnonzero(np.diff(heard >> 32, append=-1))
        yield (heard & 0xFFFFFFFF).astype(np.int32), np.diff(last, prepend=-1)


def reach_counts(chunk: Chunk) -> NDArray[np.int32]:
    """How many of a sample's features reach each MAC, and each layer as a whole.

    Source: R[n, l, m] in docs/metrics.md.

    Args:
        chunk: n samples, with inputs and activity.

    Returns:
        [M + L, at least n], a row for each of all layers' MACs, and one for each layer.
    """
    from sparsey_trace.kernels import reach

    pairs = reach_of(chunk.layout)
    return reach.count_reach(
        chunk.on_sets,
        np.concatenate(chunk.active_sets),
        pairs.sources,
        pairs.ends,
        pairs.features,
        pairs.mac_ends,
        pairs.layer_ends,
    )
