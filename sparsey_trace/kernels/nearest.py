"""The nearest of many sets of bits, exactly, by way of a bound that is cheap to take.

Bits are counted in groups. Two sets differ at least as much as their counts do, group by group added up;
where that is too much already, the bits themselves needn't be compared.

Of two sets of a and b bits that differ in d, (a + b - d) / 2 bits are on in both and (a + b + d) / 2 in
either. So d decides by either measure, and a bound on d is enough to pass a reference over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.kernels.borders import bordered, check_equal, check_indices, check_room
from sparsey_trace.kernels.compiled import compiled
from sparsey_trace.kernels.words import popcount

if TYPE_CHECKING:
    from numpy.typing import NDArray

TILE = 256
"""References whose bounds are taken at once."""

TOGETHER = 5
"""Groups whose differences are added up in a byte, in `_bounds`."""

MOST = 255 // TOGETHER
"""The largest count of a group: what is more is taken for as much, which leaves a bound a bound."""

_TILES = 8
"""Tiles that all queries are compared with before the next ones: so many stay in the cache."""

_ALL = 1 << 62


def _check_nearest(
    queries: NDArray[np.uint64],
    query_counts: NDArray[np.uint8],
    query_step: NDArray[np.int64],
    references: NDArray[np.uint64],
    tiles: NDArray[np.uint8],
    sizes: NDArray[np.int64],
    largest: NDArray[np.int64],
    until: NDArray[np.int64],
    done: NDArray[np.int64],
    serving: NDArray[np.int64],
    best: NDArray[np.int64],
    both: NDArray[np.int64],
    either: NDArray[np.int64],
    jaccard: bool,
) -> None:
    of_queries: tuple[NDArray[Any], ...] = (query_counts, query_step, done, serving, best, both, either)
    check_equal("queries", len(queries), *(len(found) for found in of_queries))
    check_equal("references", len(references), len(sizes), len(until))
    check_equal("words", queries.shape[1], references.shape[1])
    check_equal("groups", tiles.shape[1:], (query_counts.shape[1], TILE))
    check_equal("groups that are left over", query_counts.shape[1] % TOGETHER, 0)
    check_room(len(tiles) * TILE, len(references), "tiles")
    check_equal("tiles", len(tiles), len(largest))
    check_indices(done, len(references) + 1, "done")
    check_indices(serving, len(references) + 1, "serving")


@bordered(_check_nearest)
@compiled
def find_nearest(
    queries: NDArray[np.uint64],
    query_counts: NDArray[np.uint8],
    query_step: NDArray[np.int64],
    references: NDArray[np.uint64],
    tiles: NDArray[np.uint8],
    sizes: NDArray[np.int64],
    largest: NDArray[np.int64],
    until: NDArray[np.int64],
    done: NDArray[np.int64],
    serving: NDArray[np.int64],
    best: NDArray[np.int64],
    both: NDArray[np.int64],
    either: NDArray[np.int64],
    jaccard: bool,
) -> None:
    """For each query find the nearest reference that serves it, of equals the first.

    Args:
        queries: [n, W], their bits.
        query_counts: [n, G], how many are on in each group; G is a multiple of TOGETHER.
        query_step: [n].
        references: [C, W], their bits.
        tiles: [T, G, TILE], the references' counts; T * TILE is at least C.
        sizes: [C], how many bits are on in each.
        largest: [T], the largest of these in each tile.
        until: [C], the last step that each serves.
        done: [n], how many of the first references each query was compared with before.
        serving: [n], how many of the first references are of earlier steps.
        best: [n], the nearest so far, or -1; and then of all.
        both: [n], how many bits are on in the query and its nearest.
        either: [n], in one or the other.
        jaccard: whether the nearest shares the most of what is on in either, rather than differs least.
    """
    close = np.empty(TILE + 1, np.int64)
    for first in range(0, len(tiles), _TILES):
        for query in range(len(queries)):
            begin = max(first, done[query] // TILE)
            last = min(first + _TILES, -(-serving[query] // TILE))
            if begin >= last:
                continue
            bounds = _bounds(tiles[begin:last], query_counts[query])
            size = 0
            for word in range(queries.shape[1]):
                size += popcount(queries[query, word])
            nearest = best[query], both[query], either[query]
            for tile in range(len(bounds)):
                start = (begin + tile) * TILE
                limit = _limit(size, largest[begin + tile], nearest, jaccard)
                found = _close(bounds, tile, min(TILE, serving[query] - start), limit, close)
                if found:
                    nearest = _nearest(
                        queries,
                        query,
                        size,
                        query_step[query],
                        references,
                        sizes,
                        until,
                        start,
                        close,
                        found,
                        nearest,
                        jaccard,
                    )
            best[query], both[query], either[query] = nearest


@compiled
def _bounds(tiles: NDArray[np.uint8], counts: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """[T, TILE], how much the references differ at least from what has these counts."""
    # Arrays made here can't overlap the others: only then are several differences taken at once.
    bounds, part = np.zeros((len(tiles), TILE), np.uint16), np.empty(TILE, np.uint8)
    for tile in range(len(tiles)):
        for together in range(len(counts) // TOGETHER):
            first = TOGETHER * together
            a, b, c = counts[first], counts[first + 1], counts[first + 2]
            d, e = counts[first + 3], counts[first + 4]
            # One sum for all of them, as one after the other would each wait for the one before.
            for index in range(TILE):
                v, w, x = (
                    tiles[tile, first, index],
                    tiles[tile, first + 1, index],
                    tiles[tile, first + 2, index],
                )
                y, z = tiles[tile, first + 3, index], tiles[tile, first + 4, index]
                differing = max(v, a) - min(v, a) + max(w, b) - min(w, b) + max(x, c) - min(x, c)
                part[index] = differing + max(y, d) - min(y, d) + max(z, e) - min(z, e)
            for index in range(TILE):
                bounds[tile, index] += part[index]
    return bounds


@compiled
def _limit(size: int, largest: int, nearest: tuple[int, int, int], jaccard: bool) -> int:
    """In fewer bits than this a reference of at most `largest` has to differ to be nearer than the nearest."""
    best, both, either = nearest
    if best < 0:
        return _ALL
    if not jaccard:
        return either - both
    # Of two empty sets nothing is shared.
    either = max(either, 1)
    return -(-(either - both) * (size + largest) // (either + both))


@compiled
def _close(bounds: NDArray[np.uint16], tile: int, count: int, limit: int, close: NDArray[np.int64]) -> int:
    """How many of the first references of a tile may differ in fewer bits; which, to `close`."""
    found = 0
    for index in range(count):
        # Without a branch, which would be guessed wrong too often.
        close[found] = index
        found += int(bounds[tile, index] < limit)
    return found


@compiled
def _nearest(
    queries: NDArray[np.uint64],
    query: int,
    size: int,
    query_step: int,
    references: NDArray[np.uint64],
    sizes: NDArray[np.int64],
    until: NDArray[np.int64],
    start: int,
    close: NDArray[np.int64],
    found: int,
    nearest: tuple[int, int, int],
    jaccard: bool,
) -> tuple[int, int, int]:
    """The nearest so far, or one of those found close: which, and how many bits are on in both, and in either."""
    # All in one loop: calls hand over arrays piece by piece, which costs more than to compare a few words.
    best, both, either = nearest
    for number in range(found):
        reference = start + close[number]
        differing = 0
        for word in range(queries.shape[1]):
            differing += popcount(queries[query, word] ^ references[reference, word])
        joined = (size + sizes[reference] + differing) // 2
        shared = joined - differing
        # Fractions are compared as whole numbers: exactly.
        more_alike = shared * max(either, 1) > both * max(joined, 1)
        is_nearer = more_alike if jaccard else differing < either - both
        if (is_nearer or best < 0) and query_step <= until[reference]:
            best, both, either = reference, shared, joined
    return best, both, either


def _check_groups(bits: NDArray[np.uint64], group: NDArray[np.int64], groups: int) -> None:
    check_indices(group, groups, "group")
    behind = bits.view(np.uint8)[:, len(group) // 8 :]
    if (behind[:, :1] & (255 >> len(group) % 8)).any() or behind[:, 1:].any():
        msg = f"bits: expected none behind the {len(group)} that have a group, found some"
        raise IndexError(msg)


@bordered(_check_groups)
@compiled
def count_groups(bits: NDArray[np.uint64], group: NDArray[np.int64], groups: int) -> NDArray[np.uint8]:
    """How many bits are on in each group, and at most MOST.

    Args:
        bits: [n, W], in the order of `numpy.packbits`.
        group: [D], the group that each bit belongs to.
        groups: G, how many there are.

    Returns:
        [n, G] uint8, with zeros behind, so that they are a multiple of TOGETHER.
    """
    counts = np.zeros((len(bits), -(-groups // TOGETHER) * TOGETHER), np.uint8)
    for number in range(len(bits)):
        for word in range(bits.shape[1]):
            left = bits[number, word]
            while left:
                # The lowest bit that is on: bytes stand in the order of the word, bits in a byte from the highest.
                lowest = left & (~left + np.uint64(1))
                place = popcount(lowest - np.uint64(1))
                left ^= lowest
                found = group[64 * word + (place ^ 7)]
                counts[number, found] = min(counts[number, found] + 1, MOST)
    return counts
