"""Attribute messages: what an object's attributes are, wherever they are stored.

An attribute's message may say that its datatype or dataspace stands elsewhere: HDF5 then goes where it is sent, and
round in circles until the stack ends. An object of many attributes keeps them densely: a version 2 B-tree in the order
of their names' hashes leads to their messages, which stand in a fractal heap.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from sparsey_trace.trace.hdf5.dense_storage import ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sparsey_trace.trace.hdf5.dense_storage import Heap, Tree

_VERSIONS, _NAME = (1, 2, 3), 9
"""Of the message: 3 in traces, 1 where an older format was asked for; behind it, where its types stand.
Where the name stands in one of the last version."""

_NODE_PREFIX = struct.Struct("<4sBB")
_CHILD_BYTES = 9
"""An address, and how many records the leaf there holds."""
_RECORD_BYTES, _BY_NAME = ATTRIBUTES.record_bytes[8], 8
"""A record is where the message stands in the heap, its flags, its number and its name's hash."""

_WIDTH, _MOST_ROWS = 4, 8
"""Blocks in a row; and how many rows come before those whose blocks would be lists themselves."""
_OFFSET_BYTES = 5
_LIST_PREFIX_BYTES = 13 + _OFFSET_BYTES


def check_attribute(message: bytes, flags: int = 0) -> None:
    """See that all of an attribute stands in its own message.

    Args:
        message: the attribute's.
        flags: the message's own, where they stand elsewhere.

    Raises:
        ValueError: it doesn't; half of a message.
    """
    if len(message) < 2 or message[0] not in _VERSIONS:
        msg = f"an attribute that begins with {message[:2].hex() or 'nothing'}"
        raise ValueError(msg)
    if flags & 2 or message[1]:
        msg = "an attribute whose type stands elsewhere"
        raise ValueError(msg)


def by_name(messages: Iterable[bytes]) -> dict[str, bytes]:
    """Messages by the names of their attributes; of one version, and of those names that only one has."""
    found: dict[str, bytes] = {}
    doubtful = set()
    for message in messages:
        size = int.from_bytes(message[2:4], "little")
        name = message[_NAME : _NAME + size].rstrip(b"\0").decode(errors="replace")
        if message[0] != _VERSIONS[-1] or name in found:
            doubtful.add(name)
        found[name] = message
    return {name: message for name, message in found.items() if name not in doubtful}


def dense_attributes(read: Callable[[int, int], bytes], heap: Heap, tree: Tree) -> Iterator[bytes]:
    """The message of each attribute that is stored densely, after the same look at it.

    Args:
        read: the file's bytes, by address and count.
        heap: what their messages stand in.
        tree: what leads to them by their names.

    Raises:
        ValueError: one doesn't; half of a message.
    """
    for record in _records(read, tree):
        offset = int.from_bytes(record[1 : 1 + _OFFSET_BYTES], "little")
        size = int.from_bytes(record[1 + _OFFSET_BYTES : ATTRIBUTES.id_bytes], "little")
        if record[0]:
            msg = f"an attribute that isn't in the heap at byte {heap.root}"
            raise ValueError(msg)
        message = read(_address(read, heap, offset), size)
        check_attribute(message, flags=record[ATTRIBUTES.id_bytes])
        yield message


def _records(read: Callable[[int, int], bytes], tree: Tree) -> Iterator[bytes]:
    if tree.depth > 1:
        msg = f"a tree at byte {tree.root} of more attributes than are read"
        raise ValueError(msg)
    size = tree.records * _RECORD_BYTES
    children = (tree.records + 1) * _CHILD_BYTES * tree.depth
    content = _node(read, tree.root, b"BTIN" if tree.depth else b"BTLF", size + children)
    yield from _split(content[:size])
    for offset in range(size, size + children, _CHILD_BYTES):
        address = int.from_bytes(content[offset : offset + 8], "little")
        yield from _split(_node(read, address, b"BTLF", content[offset + 8] * _RECORD_BYTES))


def _node(read: Callable[[int, int], bytes], address: int, signature: bytes, count: int) -> bytes:
    """So many bytes behind a node's prefix."""
    content = read(address, _NODE_PREFIX.size + count)
    expected = _NODE_PREFIX.pack(signature, 0, _BY_NAME)
    if not content.startswith(expected) or len(content) < len(expected) + count:
        msg = f"a tree with a node at byte {address} that HDF5 doesn't make"
        raise ValueError(msg)
    return content[len(expected) :]


def _split(records: bytes) -> Iterator[bytes]:
    for offset in range(0, len(records), _RECORD_BYTES):
        yield records[offset : offset + _RECORD_BYTES]


def _address(read: Callable[[int, int], bytes], heap: Heap, offset: int) -> int:
    """Where in the file stands what has an offset in the heap."""
    if not heap.rows:
        return heap.root + offset
    # Blocks of the first two rows are of the smallest size, of each further row twice as large as before.
    row = (offset // (_WIDTH * ATTRIBUTES.block_bytes)).bit_length()
    size = ATTRIBUTES.block_bytes << max(0, row - 1)
    column, within = divmod(offset - (_WIDTH * size if row else 0), size)
    if row >= min(heap.rows, _MOST_ROWS):
        msg = f"an attribute that isn't in the heap at byte {heap.root}"
        raise ValueError(msg)
    entry = heap.root + _LIST_PREFIX_BYTES + 8 * (_WIDTH * row + column)
    return int.from_bytes(read(entry, 8), "little") + within
