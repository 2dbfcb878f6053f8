"""A look at the heaps and trees in which HDF5 keeps many attributes or links of one object.

HDF5 works out sizes in memory from what their heads say, and crashes where that can't be. So they have to be as HDF5
itself makes them; only counts and places may differ, and these within the file.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

NOWHERE = (1 << 64) - 1

_HEAP = struct.Struct("<4sBHHBL12Q HQQHHQH")
_TREE = struct.Struct("<4sBBLHHBBQHQ")
_MOST_ROWS = 16
"""Of a heap that holds 16 MiB."""
_MOST_LEVELS = 2
_NODE_BYTES, _NODE_HEAD_BYTES = 512, 10


class _Kind(NamedTuple):
    """How HDF5 makes a heap and its trees.

    Attributes:
        id_bytes: of an object's number in the heap.
        block_bytes: of the heap's smallest block.
        bits: how large the heap may become.
        records: a tree's type to the bytes of its records.
    """

    id_bytes: int
    block_bytes: int
    bits: int
    records: dict[int, int]


ATTRIBUTES = _Kind(id_bytes=8, block_bytes=1024, bits=40, records={8: 17, 9: 13})
LINKS = _Kind(id_bytes=7, block_bytes=512, bits=32, records={5: 11, 6: 15})


def check_dense(read: Callable[[int, int], bytes], kind: _Kind, places: tuple[int, ...]) -> None:
    """See that HDF5 can read a heap and its trees.

    Args:
        read: the file's bytes, by place and count.
        kind: what they hold.
        places: where the heap stands, and then each tree; NOWHERE where there is none.

    Raises:
        ValueError: it can't; half of a message.
    """
    for place, check in zip(places, (_check_heap, *[_check_tree] * (len(places) - 1)), strict=True):
        if place != NOWHERE:
            check(read, kind, place)


def _check_heap(read: Callable[[int, int], bytes], kind: _Kind, place: int) -> None:
    content = read(place, _HEAP.size)
    fields = _HEAP.unpack(content.ljust(_HEAP.size, b"\0"))
    managed, root, rows = fields[10], fields[23], fields[24]
    fixed = [*fields[:8], *fields[14:23]]
    expected = [
        b"FRHP",
        0,
        kind.id_bytes,
        0,
        2,
        4096,
        0,
        NOWHERE,
        *[0] * 4,
        4,
        kind.block_bytes,
        65_536,
        kind.bits,
        1,
    ]
    if fixed != expected or rows > _MOST_ROWS or not read(root, 4) or managed > 1 << 32:
        msg = f"a heap at byte {place} that HDF5 doesn't make"
        raise ValueError(msg)


def _check_tree(read: Callable[[int, int], bytes], kind: _Kind, place: int) -> None:
    content = read(place, _TREE.size)
    signature, version, what, node, record, levels, split, merge, root, here, total = _TREE.unpack(
        content.ljust(_TREE.size, b"\0")
    )
    fixed = (signature, version, node, record, split, merge)
    is_made = (
        fixed == (b"BTHD", 0, _NODE_BYTES, kind.records.get(what, 0), 100, 40) and levels <= _MOST_LEVELS
    )
    fits = here * record <= _NODE_BYTES - _NODE_HEAD_BYTES and (levels or here == total) and read(root, 4)
    if not is_made or not fits:
        msg = f"a tree at byte {place} that HDF5 doesn't make"
        raise ValueError(msg)
