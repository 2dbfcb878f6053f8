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
from sparsey_trace.kernels.compiled import compiled, inlined
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
_ONE = np.uint64(1)


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
    sums, part, close = np.empty(TILE, np.uint16), np.empty(TILE, np.uint8), np.empty(TILE + 1, np.int64)
    _find(
        queries,
        query_counts,
        query_step,
        np.bitwise_count(queries).sum(axis=1, dtype=np.int64),
        references,
        tiles,
        sizes,
        largest,
        until,
        done,
        serving,
        best,
        both,
        either,
        int(jaccard),
        sums,
        part,
        close,
    )


@compiled
def _find(
    queries: NDArray[np.uint64],
    query_counts: NDArray[np.uint8],
    query_step: NDArray[np.int64],
    query_sizes: NDArray[np.int64],
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
    jaccard: int,
    bounds: NDArray[np.uint16],
    part: NDArray[np.uint8],
    close: NDArray[np.int64],
) -> None:
    """Find the nearest, with room for the bounds of a tile [TILE], for sums, and for the references that are close."""
    for first in range(0, tiles.shape[0], _TILES):
        for query in range(queries.shape[0]):
            last = min(first + _TILES, -(-serving[query] // TILE))
            nearest, shared, joined = best[query], both[query], either[query]
            for tile in range(max(first, done[query] // TILE), last):
                _bound(tiles, tile, query_counts, query, bounds, part)
                start = tile * TILE
                limit = _limit(query_sizes[query] + largest[tile], nearest, shared, joined, jaccard)
                found = _close(bounds, min(TILE, serving[query] - start), limit, close)
                for number in range(found):
                    reference = start + close[number]
                    differing = 0
                    for word in range(queries.shape[1]):
                        differing += popcount(queries[query, word] ^ references[reference, word])
                    in_any = (query_sizes[query] + sizes[reference] + differing) // 2
                    in_both = in_any - differing
                    # Fractions are compared as whole numbers: exactly.
                    more_alike = in_both * max(joined, 1) > shared * max(in_any, 1)
                    is_nearer = more_alike if jaccard else differing < joined - shared
                    if (is_nearer or nearest < 0) and query_step[query] <= until[reference]:
                        nearest, shared, joined = reference, in_both, in_any
            best[query], both[query], either[query] = nearest, shared, joined


@inlined
def _bound(
    tiles: NDArray[np.uint8],
    tile: int,
    counts: NDArray[np.uint8],
    query: int,
    bounds: NDArray[np.uint16],
    part: NDArray[np.uint8],
) -> None:
    """Write how much the references of a tile differ at least from what has a query's counts [n, G]."""
    for index in range(TILE):
        bounds[index] = 0
    for group in range(0, counts.shape[1], TOGETHER):
        a, b, c = counts[query, group], counts[query, group + 1], counts[query, group + 2]
        d, e = counts[query, group + 3], counts[query, group + 4]
        # One sum for all of them, as one after the other would each wait for the one before.
        for index in range(TILE):
            v, w, x = tiles[tile, group, index], tiles[tile, group + 1, index], tiles[tile, group + 2, index]
            y, z = tiles[tile, group + 3, index], tiles[tile, group + 4, index]
            differing = max(v, a) - min(v, a) + max(w, b) - min(w, b) + max(x, c) - min(x, c)
            part[index] = differing + max(y, d) - min(y, d) + max(z, e) - min(z, e)
        for index in range(TILE):
            bounds[index] += part[index]


@inlined
def _limit(largest: int, nearest: int, both: int, either: int, jaccard: int) -> int:
    """In fewer bits than this a reference has to differ to be nearer, if it and the query have at most `largest`."""
    limit = either - both
    if nearest < 0:
        limit = _ALL
    elif jaccard:
        # Of two empty sets nothing is shared.
        joined = max(either, 1)
        limit = -(-(joined - both) * largest // (joined + both))
    return limit


@inlined
def _close(bounds: NDArray[np.uint16], count: int, limit: int, close: NDArray[np.int64]) -> int:
    """How many of the first references of a tile may differ in fewer bits; which, to `close`."""
    found = 0
    for index in range(count):
        # Without a branch, which would be guessed wrong too often.
        close[found] = index
        found += bounds[index] < limit
    return found


def _check_groups(bits: NDArray[np.uint64], group: NDArray[np.int64], groups: int) -> None:
    check_indices(group, groups, "group")
    behind = bits.view(np.uint8)[:, len(group) // 8 :]
    if (behind[:, :1] & (255 >> len(group) % 8)).any() or behind[:, 1:].any():
        msg = f"bits: expected none behind the {len(group)} that have a group, found some"
        raise IndexError(msg)


@bordered(_check_groups)
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
    _count(bits, group, counts)
    return counts


@compiled
def _count(bits: NDArray[np.uint64], group: NDArray[np.int64], counts: NDArray[np.uint8]) -> None:
    """Add to the counts [n, G]."""
    for number in range(bits.shape[0]):
        for word in range(bits.shape[1]):
            left = bits[number, word]
            while left:
                # The lowest bit that is on: bytes stand in the order of the word, bits in a byte from the highest.
                place = popcount((left & -left) - _ONE)
                left &= left - _ONE
                found = group[64 * word + (place ^ 7)]
                if counts[number, found] < MOST:
                    counts[number, found] += 1
