"""Drawing a bounded number of references, without bias, reproducibly, from a run of any length.

Every candidate has a priority that looks random but depends only on the seed and on what the
candidate is. At any moment the R candidates of lowest priority among those seen so far are the draw:
each candidate is as likely to be in it as any other, it doesn't matter how the run is cut, and two
draws merge into the draw of both.
"""

from __future__ import annotations

import heapq
import math
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOREVER = int(np.iinfo(np.int64).max)

_SHORT = 2047
"""Bytes of the longest row for which hashlib keeps the interpreter's lock; of longer ones it makes more of its time."""


def digests(rows: NDArray[Any], *, size: int, seed: int = 0) -> NDArray[np.void]:
    """[n] byte strings of `size` bytes: BLAKE2b digests of the n rows [n, ...], keyed by the seed."""
    key = seed.to_bytes(8, "little", signed=True)
    kind = np.dtype((np.void, size))
    width = rows.itemsize * math.prod(rows.shape[1:])
    if not len(rows):
        return np.empty(0, kind)
    # Numba compiles anew for what can't be written to.
    data = np.require(rows, requirements=["C", "W"]).view(np.uint8).reshape(len(rows), width)
    if width > _SHORT:
        found = bytearray().join(blake2b(row.data, digest_size=size, key=key).digest() for row in data)
        return np.frombuffer(found, kind)
    from sparsey_trace.kernels.blake2b import blake2b_rows

    return blake2b_rows(data, size, np.array([*key], np.uint8)).view(kind).reshape(len(rows))


def priorities(candidates: NDArray[Any], seed: int) -> NDArray[np.uint64]:
    """[n] uint64, a priority for each of the candidates [n, ...], from its bytes and the seed."""
    return digests(candidates, size=8, seed=seed).view("<u8").astype(np.uint64)


def draw_samples(
    priority: NDArray[np.uint64], step: NDArray[np.int64], size: int | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which candidates are ever drawn, and until when.

    Args:
        priority: [n] uint64, of the candidates in the order in which they were seen.
        step: [n] int64, the steps that showed them.
        size: R, how many are drawn at any moment; None for all.

    Returns:
        The candidates [r] int64 that are ever in the draw, in order, and the last step [r] int64 for
        which each one is: a candidate serves samples of steps above its own, up to that one.

    >>> draw_samples(np.array([5, 9, 1], np.uint64), np.array([0, 1, 2]), 2)
    (array([0, 1, 2]), array([9223372036854775807,                   2, 9223372036854775807]))
    """
    until = np.full(len(priority), FOREVER)
    if size is None or len(priority) <= size:
        return np.arange(len(priority)), until
    kept = np.zeros(len(priority), np.bool_)
    drawn: list[tuple[int, int]] = []  # a heap with the highest priority number first
    for candidate, number in enumerate(priority.tolist()):
        if len(drawn) < size:
            heapq.heappush(drawn, (-number, -candidate))
        elif number < -drawn[0][0]:
            _, out = heapq.heapreplace(drawn, (-number, -candidate))
            until[-out] = step[candidate]
        else:
            continue
        kept[candidate] = True
    chosen = np.flatnonzero(kept)
    return chosen, until[chosen]
