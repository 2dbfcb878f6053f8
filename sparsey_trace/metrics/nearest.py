"""The nearest of many references, exactly, the one seen first among equals."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.metrics.folding.draws import FOREVER
from sparsey_trace.support.bitsets import words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sparsey_trace.metrics.similarity import Measure

_KNOWN = 1 << 16
"""Queries remembered at most."""

_KNOWN_BYTES = 64 << 20
"""That the remembered queries take at most, as inputs may be wide."""

_UNKNOWN = (0, -1, 0, 0)

_SIDE = 5
"""Into how many parts the two longest sides of an input are cut at least: of 784 features 25 groups, measured best."""


@dataclass(frozen=True, eq=False)
class References:
    """What queries are compared with, prepared once.

    Attributes:
        group: [D] int64, the group of features that each belongs to: neighbours, as they go on together.
        bits: [C, W] uint64, the features that are on, in the order in which they were seen.
        tiles: [T, G, TILE] uint8, how many are on in each group, tile by tile.
        sizes: [C] int64, how many are on.
        largest: [T] int64, of the sizes in each tile.
        step: [C] int64, when each was first seen; never falling.
        until: [C] int64, the last step that each serves.
    """

    group: NDArray[np.int64]
    bits: NDArray[np.uint64]
    tiles: NDArray[np.uint8]
    sizes: NDArray[np.int64]
    largest: NDArray[np.int64]
    step: NDArray[np.int64]
    until: NDArray[np.int64]
    # The same inputs come back every epoch: they need only be compared with what was seen since. For each, how many
    # references it was compared with, the nearest, and how many features are on in both and in either.
    _known: dict[tuple[Measure, bytes], tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        packed: NDArray[np.uint8],
        *,
        input_shape: Sequence[int],
        step: NDArray[np.int64],
        until: NDArray[np.int64],
    ) -> References:
        """From packed bits [C, ceil(D / 8)] uint8, and the rest as above."""
        from sparsey_trace.kernels.nearest import TILE

        group = feature_groups(input_shape)
        bits = words_of(packed)
        counts = _counts(bits, group)
        padded = np.zeros((-(-len(bits) // TILE), TILE, counts.shape[1]), np.uint8)
        padded.reshape(-1, counts.shape[1])[: len(counts)] = counts
        tiles = np.ascontiguousarray(padded.transpose(0, 2, 1))
        sizes = np.bitwise_count(bits).sum(axis=1, dtype=np.int64)
        largest = np.zeros((len(tiles), TILE), np.int64)
        largest.flat[: len(sizes)] = sizes
        return cls(group, bits, tiles, sizes, largest.max(axis=1), step, until)

    def nearest(
        self, queries: NDArray[np.uint8], query_step: NDArray[np.int64], *, measure: Measure
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """For each query the nearest reference of an earlier step.

        Args:
            queries: [n, ceil(D / 8)] uint8, the features that are on, packed.
            query_step: [n] int64; a reference serves where step < query_step <= until.
            measure: `hamming`, the number of features that differ; or `jaccard`, 1 - the similarity.

        Returns:
            Which reference [n] int64, -1 where none serves, and its distance [n] float64.
        """
        from sparsey_trace.kernels.nearest import find_nearest

        bits = words_of(queries)
        serving = np.searchsorted(self.step, query_step)
        names = [(measure, query.tobytes()) for query in bits]
        known = np.array(
            [self._known_of(name, count) for name, count in zip(names, serving.tolist(), strict=True)]
        )
        done, best, both, either = np.ascontiguousarray(known.reshape(-1, 4).T)
        find_nearest(
            bits,
            _counts(bits, self.group),
            query_step,
            self.bits,
            self.tiles,
            self.sizes,
            self.largest,
            self.until,
            done,
            serving,
            best,
            both,
            either,
            measure == "jaccard",
        )
        if self._all_stay:
            found = zip(names, serving.tolist(), best.tolist(), both.tolist(), either.tolist(), strict=True)
            room = min(_KNOWN, _KNOWN_BYTES // (8 * bits.shape[1]))
            for name, *result in itertools.islice(found, max(0, room - len(self._known))):
                self._known[name] = tuple(result)
        alike = both / np.maximum(either, 1)
        return best, 1.0 - alike if measure == "jaccard" else (either - both).astype(np.float64)

    def _known_of(self, name: tuple[Measure, bytes], serving: int) -> tuple[int, ...]:
        """What is known of a query, if it is of fewer references than serve it now."""
        known = self._known.get(name, _UNKNOWN)
        return known if known[0] <= serving else _UNKNOWN

    @cached_property
    def _all_stay(self) -> bool:
        """Whether what was nearest once never ceases to serve."""
        return bool((self.until == FOREVER).all())


def feature_groups(input_shape: Sequence[int]) -> NDArray[np.int64]:
    """[D] int64, the number of the group of neighbouring features that each belongs to.

    >>> feature_groups((3, 2)).tolist()
    [0, 1, 2, 3, 4, 5]
    """
    from sparsey_trace.kernels.nearest import MOST

    sides = sorted(range(len(input_shape)), key=lambda side: -input_shape[side])[:2]
    coordinates = np.unravel_index(np.arange(int(np.prod(input_shape))), tuple(input_shape))
    # So many that no group is larger than is counted.
    least = max(_SIDE, math.isqrt((len(coordinates[0]) - 1) // MOST) + 1)
    parts = [least**2] if min(input_shape[side] for side in sides) == 1 or len(sides) == 1 else [least] * 2
    group = np.zeros(len(coordinates[0]), np.int64)
    for side, part in zip(sides, parts, strict=False):
        cuts = min(part, input_shape[side])
        group = group * cuts + coordinates[side] * cuts // input_shape[side]
    return group


def _counts(bits: NDArray[np.uint64], group: NDArray[np.int64]) -> NDArray[np.uint8]:
    from sparsey_trace.kernels.nearest import count_groups

    counts: NDArray[np.uint8] = count_groups(bits, group, int(group.max()) + 1)
    return counts
