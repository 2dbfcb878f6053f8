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
    """Which things below are united into each thing above.

    The things above are numbered by how many sources they have, most first. So those with a k-th
    source are the first few, and a round of k-th sources works on contiguous memory.

    Attributes:
        rank: [things above] int64, the number of each.
        rounds: for k = 0, 1, ...: the k-th source of each thing that has one.
    """

    rank: NDArray[np.int64]
    rounds: tuple[NDArray[np.int64], ...]

    @classmethod
    def of(cls, targets: NDArray[np.int64], sources: NDArray[np.int64]) -> _Union:
        """Of edges from sources to targets, both [E]; every target has a source."""
        counts = np.bincount(targets)
        by_count = np.argsort(-counts, kind="stable")
        rank = np.empty(len(counts), np.int64)
        rank[by_count] = np.arange(len(counts))
        order = np.argsort(targets, kind="stable")
        turn = np.arange(len(targets)) - np.repeat(np.cumsum(counts) - counts, counts)
        by_turn = np.lexsort([rank[targets[order]], turn])
        rounds = np.split(sources[order][by_turn], np.flatnonzero(np.diff(turn[by_turn])) + 1)
        return cls(rank, tuple(rounds))

    def apply(self, below: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """[sources, W] words to [things above, W], in the order of their numbers."""
        above = below[self.rounds[0]]
        for sources in self.rounds[1:]:
            above[: len(sources)] |= below[sources]
        return above


@dataclass(frozen=True, eq=False)
class _Stage:
    """One layer's pairs: what feeds them, whose they are, and how they are counted.

    Attributes:
        from_below: unites pairs of the layer below (in the first layer: features) into pairs.
        by_feature: unites pairs into features that reach any MAC.
        mac: [P] int64, the MAC of each pair.
        place: [P] int64, where a pair stands among its MAC's pairs.
    """

    from_below: _Union
    by_feature: _Union
    mac: NDArray[np.int64]
    place: NDArray[np.int64]


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
        union = _Union.of(np.concatenate(targets), np.concatenate(sources))
        rank = union.rank
        ranked_mac = np.empty_like(mac)
        ranked_mac[rank] = mac
        counts = np.bincount(mac)
        place = np.empty_like(mac)
        place[rank] = np.arange(len(mac)) - (np.cumsum(counts) - counts)[mac]
        _, reached = np.unique(feature, return_inverse=True)
        stages.append(_Stage(union, _Union.of(reached, rank), ranked_mac, place))
        below = np.where(pair >= 0, rank[pair], -1)
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
