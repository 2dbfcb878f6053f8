"""Reach: which of a sample's features get to a MAC through active MACs.

The features that can reach a MAC at all are those of its receptive field, so the work is done on
pairs (MAC, feature in its field), bit-sliced over samples: a pair's word says for 64 samples at once
whether the feature is on and arrives.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.layout import PADDING
from sparsey_trace.metrics.bits import count_bits, pack_samples
from sparsey_trace.metrics.receptive_fields import receptive_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sparsey_trace.layout import Chunk, Layout


@dataclass(frozen=True, eq=False)
class _Union:
    """Which things below are united into each thing above, as rounds of one source each."""

    size: int
    rounds: tuple[tuple[NDArray[np.int64], NDArray[np.int64]], ...]

    @classmethod
    def of(cls, targets: NDArray[np.int64], sources: NDArray[np.int64], size: int) -> _Union:
        """Of edges from sources to targets, both [E]; targets below `size`."""
        order = np.argsort(targets, kind="stable")
        targets, sources = targets[order], sources[order]
        starts = np.searchsorted(targets, np.arange(size))
        turn = np.arange(len(targets)) - starts[targets]
        by_turn = [np.flatnonzero(turn == k) for k in range(int(turn.max(initial=-1)) + 1)]
        return cls(size, tuple((targets[edges], sources[edges]) for edges in by_turn))

    def apply(self, below: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """[sources, W] to [size, W]."""
        above = np.zeros((self.size, below.shape[1]), np.uint64)
        for targets, sources in self.rounds:
            above[targets] |= below[sources]
        return above


@dataclass(frozen=True, eq=False)
class _Stage:
    """One layer's pairs, sorted by MAC: what feeds them and how they are counted."""

    mac: NDArray[np.int64]
    from_below: _Union
    by_feature: _Union
    place: NDArray[np.int64]
    """Where a pair stands among its MAC's pairs."""


@lru_cache(maxsize=8)
def _stages(layout: Layout) -> tuple[_Stage, ...]:
    stages: list[_Stage] = []
    below = np.arange(layout.num_features)[None, :]  # [sources, D]: the number of a source's pair, or -1
    for layer, field in zip(layout.layers, receptive_fields(layout), strict=True):
        mac, feature = np.nonzero(field)
        pair = np.full(field.shape, -1)
        pair[mac, feature] = np.arange(len(mac))
        targets, sources = [], []
        for m, row in enumerate(layer.connections):
            heard = (
                below[np.unique(row[row != PADDING])] if stages else below[:, np.unique(row[row != PADDING])]
            )
            features = np.flatnonzero(field[m])
            edges = heard[:, features] if stages else heard
            there = edges >= 0
            targets.append(np.broadcast_to(pair[m, features], edges.shape)[there])
            sources.append(edges[there])
        counts = np.bincount(mac, minlength=layer.num_macs)
        stages.append(
            _Stage(
                mac=mac,
                from_below=_Union.of(np.concatenate(targets), np.concatenate(sources), len(mac)),
                by_feature=_Union.of(feature, np.arange(len(mac)), layout.num_features),
                place=np.arange(len(mac)) - (np.cumsum(counts) - counts)[mac],
            )
        )
        below = pair
    return tuple(stages)


def count_reach(chunk: Chunk) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """For each layer, lowest first, how many of a sample's features reach it.

    Source: R[n, l, m] in docs/metrics.md.

    Args:
        chunk: n samples, with inputs and activity.

    Yields:
        Counts for every MAC [n, M], and for the layer as a whole [n]; int64.
    """
    reach = pack_samples(chunk.on)
    for stage, active in zip(_stages(chunk.layout), chunk.active, strict=True):
        reach = stage.from_below.apply(reach) & pack_samples(active)[stage.mac]
        by_mac = np.zeros((int(stage.place.max()) + 1, active.shape[1], reach.shape[1]), np.uint64)
        by_mac[stage.place, stage.mac] = reach
        whole = stage.by_feature.apply(reach)[:, None]
        yield count_bits(by_mac, len(chunk)), count_bits(whole, len(chunk))[:, 0]
