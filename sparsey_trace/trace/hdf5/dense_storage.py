"""Dense storage: the fractal heap and version 2 B-trees in which HDF5 keeps many attributes or links of one object.

HDF5 works out sizes in memory from what their headers say, and crashes where that can't be. So they have to be as HDF5
itself makes them; only counts and addresses may differ, and these within the file.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from sparsey_trace.trace.hdf5.superblock import STORED_BY_OTHERS, UNDEFINED_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Callable

_HEAP_HEADER = struct.Struct("<4sBHHBL12Q HQQHHQH")
_BTREE_HEADER = struct.Struct("<4sBBLHHBBQHQ")
_MOST_ROWS = 16
"""Of the root block of a heap that holds 16 MiB."""
_MOST_DEPTH = 2
_NODE_BYTES, _NODE_PREFIX_BYTES = 512, 10


class _Kind(NamedTuple):
    """How HDF5 makes a heap and its B-trees.

    Attributes:
        id_bytes: of an object's identifier in the heap.
        block_bytes: of the heap's smallest block.
        heap_bits: how large the heap may become.
        record_bytes: a B-tree's type to the size of its records.
    """

    id_bytes: int
    block_bytes: int
    heap_bits: int
    record_bytes: dict[int, int]


class Heap(NamedTuple):
    """A heap that HDF5 can read.

    Attributes:
        root: the address of its first block.
        rows: how many rows of blocks that one lists; 0 where it is a block of content itself.
    """

    root: int
    rows: int


class Tree(NamedTuple):
    """A B-tree that HDF5 can read.

    Attributes:
        root: the address of its first node.
        depth: how many levels there are below that.
        records: how many records it holds itself.
    """

    root: int
    depth: int
    records: int


ATTRIBUTES = _Kind(id_bytes=8, block_bytes=1024, heap_bits=40, record_bytes={8: 17, 9: 13})
LINKS = _Kind(id_bytes=7, block_bytes=512, heap_bits=32, record_bytes={5: 11, 6: 15})


def check_dense(
    read: Callable[[int, int], bytes], kind: _Kind, addresses: tuple[int, ...]
) -> tuple[Heap, Tree] | None:
    """See that HDF5 can read a heap and its B-trees; the heap and the first tree, which is that of names.

    Args:
        read: the file's bytes, by address and count.
        kind: what they hold.
        addresses: of the heap's header, and then of each B-tree's; undefined where there is none.

    Raises:
        ValueError: it can't; half of a message.
    """
    heap, *trees = addresses
    found = None if heap == UNDEFINED_ADDRESS else _heap(read, kind, heap)
    by_name, *_ = [None if tree == UNDEFINED_ADDRESS else _tree(read, kind, tree) for tree in trees]
    return None if found is None or by_name is None else (found, by_name)


def _heap(read: Callable[[int, int], bytes], kind: _Kind, address: int) -> Heap:
    content = read(address, _HEAP_HEADER.size)
    fields = _HEAP_HEADER.unpack(content.ljust(_HEAP_HEADER.size, b"\0"))
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
        UNDEFINED_ADDRESS,
        *[0] * 4,
        4,
        kind.block_bytes,
        65_536,
        kind.heap_bits,
        1,
    ]
    if content[:4] == b"FRHP" and fields[15]:
        msg = f"an attribute of more than 64 KB{STORED_BY_OTHERS}"
        raise ValueError(msg)
    if fixed != expected or rows > _MOST_ROWS or not read(root, 4) or managed > 1 << 32:
        msg = f"a heap at byte {address} that HDF5 doesn't make"
        raise ValueError(msg)
    return Heap(root, rows)


def _tree(read: Callable[[int, int], bytes], kind: _Kind, address: int) -> Tree:
    content = read(address, _BTREE_HEADER.size)
    signature, version, tree, node, record, depth, split, merge, root, here, total = _BTREE_HEADER.unpack(
        content.ljust(_BTREE_HEADER.size, b"\0")
    )
    fixed = (signature, version, node, record, split, merge)
    expected = (b"BTHD", 0, _NODE_BYTES, kind.record_bytes.get(tree, 0), 100, 40)
    fits = here * record <= _NODE_BYTES - _NODE_PREFIX_BYTES and (depth or here == total) and read(root, 4)
    if fixed != expected or depth > _MOST_DEPTH or not fits:
        msg = f"a tree at byte {address} that HDF5 doesn't make"
        raise ValueError(msg)
    return Tree(root, depth, here)
