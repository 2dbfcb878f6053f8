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
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sparsey_trace.layout import Chunk, Layout

_SAMPLES = 1024
"""Worked on at once: so many that the sets of two layers stay in the cache. A multiple of 64, which fill a word."""


@dataclass(frozen=True, eq=False)
class _Unions:
    """Which sets below make each set above, for `kernels.reach.unite`.

    Attributes:
        sources: [E] int32.
        ends: [P] int64.
    """

    sources: NDArray[np.int32]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, targets: NDArray[np.int64], sources: NDArray[np.int64]) -> _Unions:
        """Of edges from sources to targets, both [E]; every target has a source."""
        order = np.argsort(targets, kind="stable")
        return cls(sources[order].astype(np.int32), np.cumsum(np.bincount(targets)))


@dataclass(frozen=True, eq=False)
class _Stage:
    """One layer's pairs, MAC by MAC.

    Attributes:
        from_below: pairs of the layer below (in the first layer: features) to pairs.
        by_feature: pairs to features that reach any MAC.
        ends: [M] int64, where each MAC's pairs end.
    """

    from_below: _Unions
    by_feature: _Unions
    ends: NDArray[np.int64]


@lru_cache(maxsize=8)
def _stages(layout: Layout) -> tuple[_Stage, ...]:
    stages: list[_Stage] = []
    # [sources, D]: the number of the pair (source, feature), or -1. A feature hears itself alone.
    below = np.where(np.eye(layout.num_features, dtype=np.bool_), np.arange(layout.num_features), -1)
    for layer, field in zip(layout.layers, receptive_fields(layout), strict=True):
        mac, feature = np.nonzero(field)
        pair = np.full(field.shape, -1)
        pair[mac, feature] = np.arange(len(mac))
        targets, sources = [], []
        for number, row in enumerate(layer.connections):
            heard = below[np.unique(row[row != PADDING])]
            there = heard >= 0
            targets.append(np.broadcast_to(pair[number], heard.shape)[there])
            sources.append(heard[there])
        _, reached = np.unique(feature, return_inverse=True)
        stages.append(
            _Stage(
                _Unions.of(np.concatenate(targets), np.concatenate(sources)),
                _Unions.of(reached, np.arange(len(mac))),
                np.cumsum(np.bincount(mac, minlength=layer.num_macs)),
            )
        )
        below = pair
    return tuple(stages)


def count_reach(chunk: Chunk) -> Iterator[tuple[slice, int, NDArray[np.int32], NDArray[np.int32]]]:
    """How many of a sample's features reach each layer, some samples at a time.

    Source: R[n, l, m] in docs/metrics.md.

    Args:
        chunk: n samples, with inputs and activity.

    Yields:
        Which samples of the chunk these are, and the layer, lowest first; counts for every MAC [n', M], and for the
        layer as a whole [n']; int32.
    """
    for start in range(0, len(chunk), _SAMPLES):
        part = slice(start, min(start + _SAMPLES, len(chunk)))
        for layer, (by_mac, whole) in enumerate(_reaches(chunk, part)):
            yield part, layer, by_mac, whole


def _reaches(chunk: Chunk, part: slice) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    from sparsey_trace.kernels.reach import count, restrict, unite

    words, size = slice(part.start // 64, -(-part.stop // 64)), part.stop - part.start
    reach = np.ascontiguousarray(chunk.on_sets[:, words])
    for stage, active in zip(_stages(chunk.layout), chunk.active_sets, strict=True):
        reach = unite(reach, stage.from_below.sources, stage.from_below.ends)
        restrict(reach, stage.ends, np.ascontiguousarray(active[:, words]))
        whole = unite(reach, stage.by_feature.sources, stage.by_feature.ends)
        yield count(reach, stage.ends)[:size], count(whole, np.array([len(whole)]))[:size, 0]
