"""What MACs listen to: checked as it is given, and said in a word where each listens to everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import LayoutError

if TYPE_CHECKING:
    from numpy.typing import NDArray

PADDING = -1
"""Fills the rows of `LayerLayout.connections` behind a MAC's last connection."""

MAX_COUNT = int(np.iinfo(np.int32).max)
"""The largest of all counts but K: an index has to fit an int32."""

EVERYTHING = "everything"
"""Stands for connections to all that is below: M rows of as many numbers say no more, and may be a thousand times
larger than all that is recorded of a sample."""


def items_of(given: Any, what: str, expected: str) -> list[Any]:
    """What was given as a list.

    Raises:
        LayoutError: it is none.
    """
    try:
        return list(given)
    except TypeError as error:
        msg = f"{what}: expected {expected}, found {given!r}"
        raise LayoutError(msg) from error


def checked_connections(given: Any, num_macs: int, name: str) -> NDArray[np.int32]:
    """Connections as [M, R], padded.

    Args:
        given: [M, R], or M index arrays.
        num_macs: M.
        name: the layer's, for messages.

    Raises:
        LayoutError: they are something else.
    """
    rows = items_of(given, f"{name}: connections", "[M, R] indices or M arrays of them")
    if len(rows) != num_macs:
        msg = f"{name}: connections: expected one row for each of {num_macs} MACs, found {len(rows)}"
        raise LayoutError(msg)
    rows = [_indices(row, f"{name}: connections of MAC {mac}") for mac, row in enumerate(rows)]
    padded = np.full((num_macs, max(len(row) for row in rows)), PADDING, np.int32)
    for mac, row in enumerate(rows):
        padded[mac, : len(row)] = row
    return frozen(padded)


def _indices(given: Any, what: str) -> NDArray[Any]:
    row = regular_array(given, what)
    if row.ndim != 1 or (row.size and row.dtype.kind not in "iu"):
        msg = f"{what}: expected a row of whole numbers, found {row.dtype} of shape {row.shape}"
        raise LayoutError(msg)
    padding = row == PADDING
    if padding.all():
        msg = f"{what}: expected at least one, found none"
        raise LayoutError(msg)
    outside = ~padding & ((row < 0) | (row > MAX_COUNT))
    if outside.any():
        msg = f"{what}: expected indices of 0 or more (-1 as padding only), found {row[outside][0]}"
        raise LayoutError(msg)
    return row


def everything(num_macs: int, num_sources: int) -> NDArray[np.int32]:
    """[M, R], where each MAC listens to all R sources, in the memory of one row.

    >>> everything(2, 3).tolist()
    [[0, 1, 2], [0, 1, 2]]
    """
    return np.broadcast_to(np.arange(num_sources, dtype=np.int32), (num_macs, num_sources))


def are_everything(connections: NDArray[np.int32]) -> bool:
    """Whether each MAC listens to the same, numbered through, [M, R]."""
    first = connections[0]
    return bool((first == np.arange(len(first))).all() and (connections == first).all())


def regular_array(given: Any, what: str) -> NDArray[Any]:
    """What was given as an array.

    Raises:
        LayoutError: it has no regular shape.
    """
    try:
        return np.asarray(given)
    except (ValueError, TypeError, OverflowError) as error:
        msg = f"{what}: expected numbers in a regular shape, found {type(given).__name__}: {error}"
        raise LayoutError(msg) from error


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """The array, read-only from now on."""
    array.setflags(write=False)
    return array
