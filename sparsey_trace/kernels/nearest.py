"""The nearest of many sets of bits, exactly, by way of a bound that is cheap to take.

Bits are counted in groups. Two sets differ at least as much as their counts do, group by group added up;
where that is too much already, the bits themselves needn't be compared.

Of two sets of a and b bits that differ in d, (a + b - d) / 2 bits are on in both and (a + b + d) / 2 in
either. So d decides by either measure, and a bound on d is enough to pass a reference over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from sparsey_trace.kernels.words import popcount

if TYPE_CHECKING:
    from numpy.typing import NDArray

TILE = 64
"""References whose bounds are taken at once."""

_TILES = 16
"""Tiles that all queries are compared with before the next ones: so many stay in the cache."""

_ALL = 1 << 62


@njit(cache=True, nogil=True)
def nearest_bits(
    queries: NDArray[np.uint64],
    query_counts: NDArray[np.uint16],
    query_step: NDArray[np.int64],
    references: NDArray[np.uint64],
    tiles: NDArray[np.uint16],
    sizes: NDArray[np.int64],
    step: NDArray[np.int64],
    until: NDArray[np.int64],
    jaccard: bool,  # noqa: FBT001 - compiled functions take no keywords
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """For each query the nearest reference that serves it, of equals the first.

    Args:
        queries: [n, W], their bits.
        query_counts: [n, G], how many are on in each group.
        query_step: [n]; a reference serves where step < query_step <= until.
        references: [C, W], their bits.
        tiles: [T, G, TILE], the references' counts; T * TILE is at least C.
        sizes: [C], how many bits are on in each.
        step: [C], never falling.
        until: [C].
        jaccard: whether the nearest shares the most of what is on in either, rather than differs least.

    Returns:
        Which reference [n] int64, -1 where none serves; how many bits are on in both [n]; in either [n].
    """
    best = np.full(len(queries), -1, np.int64)
    both, either = np.zeros(len(queries), np.int64), np.zeros(len(queries), np.int64)
    serving = np.searchsorted(step, query_step)
    close = np.empty(TILE + 1, np.int64)
    for first in range(0, len(tiles), _TILES):
        for query in range(len(queries)):
            bounds = _bounds(tiles[first : min(first + _TILES, -(-serving[query] // TILE))], query_counts[query])
            size = _size(queries, query)
            for tile in range(len(bounds)):
                start = (first + tile) * TILE
                stop = min(start + TILE, serving[query])
                limit = _limit(best[query], both[query], either[query], jaccard)
                found = _closer(bounds, tile, size, sizes, start, stop, limit, close)
                for number in range(found):
                    reference = close[number]
                    if until[reference] < query_step[query]:
                        continue
                    differing = _differing(queries, query, references, reference)
                    joined = (size + sizes[reference] + differing) // 2
                    shared = joined - differing
                    if best[query] < 0 or _is_nearer(shared, joined, both[query], either[query], jaccard):
                        best[query], both[query], either[query] = reference, shared, joined
    return best, both, either


@njit(cache=True, nogil=True)
def _bounds(tiles: NDArray[np.uint16], counts: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """[T, TILE], how much the references differ at least from what has these counts."""
    # An array made here can't overlap the others: only then are several differences taken at once.
    bounds = np.zeros((len(tiles), TILE), np.uint16)
    for tile in range(len(tiles)):
        for group in range(len(counts)):
            count = counts[group]
            for place in range(TILE):
                other = tiles[tile, group, place]
                bounds[tile, place] += max(other, count) - min(other, count)
    return bounds


@njit(cache=True, nogil=True)
def _limit(best: int, both: int, either: int, jaccard: bool) -> tuple[int, int, int]:  # noqa: FBT001
    """(p, q, r): only where p * differing < q * (sum of both sizes) + r is a reference nearer than the best."""
    if best < 0:
        return 1, 0, _ALL
    if jaccard:
        # Of two empty sets nothing is shared.
        return max(either, 1) + both, max(either, 1) - both, 0
    return 1, 0, either - both


@njit(cache=True, nogil=True)
def _closer(
    bounds: NDArray[np.uint16],
    tile: int,
    size: int,
    sizes: NDArray[np.int64],
    start: int,
    stop: int,
    limit: tuple[int, int, int],
    close: NDArray[np.int64],
) -> int:
    """How many references of a tile, from `start` to `stop`, may be nearer; which, to `close`."""
    # Indices here and below: slices of arrays are counted references, which cost more than the work on them.
    found = 0
    for place in range(stop - start):
        close[found] = start + place
        found += limit[0] * np.int64(bounds[tile, place]) < limit[1] * (size + sizes[start + place]) + limit[2]
    return found


@njit(cache=True, nogil=True)
def _size(queries: NDArray[np.uint64], query: int) -> int:
    found = 0
    for word in range(queries.shape[1]):
        found += popcount(queries[query, word])
    return found


@njit(cache=True, nogil=True)
def _differing(
    queries: NDArray[np.uint64], query: int, references: NDArray[np.uint64], reference: int
) -> int:
    found = 0
    for word in range(queries.shape[1]):
        found += popcount(queries[query, word] ^ references[reference, word])
    return found


@njit(cache=True, nogil=True)
def _is_nearer(shared: int, joined: int, both: int, either: int, jaccard: bool) -> bool:  # noqa: FBT001
    if jaccard:
        # Fractions compared as whole numbers: exactly.
        return shared * max(either, 1) > both * max(joined, 1)
    return joined - shared < either - both


@njit(cache=True, nogil=True)
def count_groups(bits: NDArray[np.uint64], masks: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """How many bits are on in each group.

    Args:
        bits: [n, W].
        masks: [G, W], the bits of each group.

    Returns:
        [n, G] uint16; 65,535 where there are more, which leaves a bound a bound.
    """
    counts = np.empty((len(bits), len(masks)), np.uint16)
    for number in range(len(bits)):
        for group in range(len(masks)):
            found = 0
            for word in range(bits.shape[1]):
                found += popcount(bits[number, word] & masks[group, word])
            counts[number, group] = min(found, 65535)
    return counts
