"""Reach: which of a sample's features get to a MAC through active MACs.

The features that can reach a MAC at all are those of its receptive field, so the work is done on
pairs (MAC, feature in its field): each has the set of samples in which the feature is on and arrives.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.layout import PADDING
from sparsey_trace.metrics.receptive_fields import receptive_fields

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import Layout


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
    sources, counts, features, sizes = [], [], [], []
    # [sources, D]: the number of the pair (source, feature), or -1. A feature hears itself alone.
    below = np.where(np.eye(layout.num_features, dtype=np.bool_), np.arange(layout.num_features), -1)
    for layer, field in zip(layout.layers, receptive_fields(layout), strict=True):
        mac, feature = np.nonzero(field)
        pair = np.full(field.shape, -1)
        pair[mac, feature] = np.arange(len(mac))
        for number, row in enumerate(layer.connections):
            heard = below[np.unique(row[row != PADDING])].T[field[number]]
            sources.append(heard[heard >= 0])
            counts.append((heard >= 0).sum(axis=1))
        features.append(feature)
        sizes.append(field.sum(axis=1))
        below = pair
    return Reach(
        sources=np.concatenate(sources).astype(np.int32),
        ends=np.cumsum(np.concatenate(counts)),
        features=np.concatenate(features).astype(np.int32),
        mac_ends=np.cumsum(np.concatenate(sizes)),
        layer_ends=np.cumsum([layer.num_macs for layer in layout.layers]),
    )


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
