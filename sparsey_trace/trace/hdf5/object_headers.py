"""A look at HDF5's object headers, before HDF5 itself acts on them.

A header is a list of messages: which datatype, which layout, which links. Some kinds lead elsewhere, or into code of
HDF5 that takes every number for good; h5py makes none of them for groups, plain datasets and attributes. So HDF5 gets
to see an object only after its header was found to be of the kinds named here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sparsey_trace.trace.hdf5 import dense_storage
from sparsey_trace.trace.hdf5.attribute_messages import check_attribute, check_dense_attributes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DATASPACE, _LINK_INFO, _DATATYPE, _LINK, _LAYOUT = 1, 2, 3, 6, 8
_ATTRIBUTE, _CONTINUATION, _ATTRIBUTE_INFO = 12, 16, 21
_KNOWN = frozenset(
    {
        0,  # NIL: space to spare
        _DATASPACE,
        _LINK_INFO,
        _DATATYPE,
        4,  # fill value (old)
        5,  # fill value
        _LINK,
        _LAYOUT,
        10,  # group info
        11,  # filter pipeline
        _ATTRIBUTE,
        _CONTINUATION,
        18,  # modification time
        _ATTRIBUTE_INFO,
        22,  # reference count
    }
)
_ONCE = frozenset({_DATASPACE, _LINK_INFO, _DATATYPE, _LAYOUT, _ATTRIBUTE_INFO})
_SHARED = 2
"""A message's flag: shared, its content stands elsewhere."""
_TIMES, _PHASES, _ORDER = 0x20, 0x10, 0x04
"""A header's flags: times are stored, attribute phase change values are, attributes' creation order is tracked."""
_MOST_BYTES = 1 << 20
_MOST_BLOCKS = 64
"""Continuation blocks, and the header's own."""

_CLASSES = {0: "compact", 1: "contiguous", 2: "chunked", 3: "virtual"}
_EXTENSIBLE_ARRAY = 4
_INDEXES = {1: "single", _EXTENSIBLE_ARRAY: "growing"}
"""Types of chunk indexes."""


class Header(NamedTuple):
    """What an object's header says, in short.

    Attributes:
        is_group: whether it is a group.
        layout: of a dataset, `contiguous`, `single` (one chunk), `growing` (chunks along one unlimited axis) or
            the name of another layout; empty where it is no dataset.
        chunk_index: the address of a growing dataset's chunk index.
    """

    is_group: bool
    layout: str
    chunk_index: int = 0


def read_header(read: Callable[[int, int], bytes], address: int, name: str) -> Header:
    """The header of an object.

    Args:
        read: the file's bytes, by address and count.
        address: the header's.
        name: the object's, for messages.

    Raises:
        ValueError: there is none, or one of another kind than the above.
    """
    try:
        found = _by_type(_messages(read, address))
        _check_info(read, found)
        unknown = sorted(found.keys() - _KNOWN)
        if unknown:
            msg = f"a message of type {unknown[0]}"
            raise ValueError(msg)
        layout, chunk_index = _layout(found.get(_LAYOUT, b""))
        return Header(is_group=_LINK_INFO in found, layout=layout, chunk_index=chunk_index)
    except (ValueError, LookupError) as error:
        msg = f"{name}: expected an object as HDF5 1.10 makes them for a trace, found {error}"
        raise ValueError(msg) from error


def _by_type(messages: Iterator[tuple[int, bytes]]) -> dict[int, bytes]:
    """The messages by type, where no two of those that matter here contradict each other; attributes are checked."""
    found: dict[int, bytes] = {}
    for kind, body in messages:
        if kind in found and kind in _ONCE:
            msg = f"two messages of type {kind}"
            raise ValueError(msg)
        if kind == _ATTRIBUTE:
            check_attribute(body)
        found[kind] = body
    return found


def _check_info(read: Callable[[int, int], bytes], found: dict[int, bytes]) -> None:
    """Check the dense storage that an object has where it has many attributes or links."""
    for message, order_bytes, kind in (
        (_ATTRIBUTE_INFO, 2, dense_storage.ATTRIBUTES),
        (_LINK_INFO, 8, dense_storage.LINKS),
    ):
        body = found.get(message)
        if body is not None:
            flags = body[1]
            first = 2 + order_bytes * bool(flags & 1)
            ends = range(first + 8, first + 8 * (3 + bool(flags & 2)), 8)
            stored = dense_storage.check_dense(
                read, kind, tuple(int.from_bytes(body[end - 8 : end], "little") for end in ends)
            )
            if stored is not None and kind is dense_storage.ATTRIBUTES:
                check_dense_attributes(read, *stored)


def _layout(message: bytes) -> tuple[str, int]:
    """The layout's name, and of an extensible array the address."""
    if not message:
        return "", 0
    version, layout_class = message[0], message[1]
    if layout_class != 2:
        return _CLASSES.get(layout_class, f"class {layout_class}"), 0
    # Before version 4, chunks are indexed by B-trees without checksums.
    if version != 4:
        return f"chunked, version {version}", 0
    num_dimensions, width = message[3], message[4]
    start = 5 + num_dimensions * width
    # The array's creation parameters stand in between, and once more in its header.
    index = (
        int.from_bytes(message[start + 6 : start + 14], "little")
        if message[start] == _EXTENSIBLE_ARRAY
        else 0
    )
    return _INDEXES.get(message[start], f"chunked, index {message[start]}"), index


def _messages(read: Callable[[int, int], bytes], address: int) -> Iterator[tuple[int, bytes]]:
    """Each message's type and body, from the header's own block and from its continuation blocks."""
    start = read(address, 64)
    if start[:5] != b"OHDR\x02":
        msg = f"another at byte {address}"
        raise ValueError(msg)
    flags = start[5]
    first = 6 + 16 * bool(flags & _TIMES) + 4 * bool(flags & _PHASES)
    width = 1 << (flags & 3)
    size = int.from_bytes(start[first : first + width], "little")
    waiting = [(address + first + width, size)]
    for _ in range(_MOST_BLOCKS):
        if not waiting:
            return
        for kind, body in _split_block(read, *waiting.pop(), has_order=bool(flags & _ORDER)):
            yield kind, body
            if kind == _CONTINUATION:
                begin, count = (int.from_bytes(body[i : i + 8], "little") for i in (0, 8))
                # Without its signature and its checksum.
                waiting.append((begin + 4, max(0, count - 8)))
    msg = "one in many pieces"
    raise ValueError(msg)


def _split_block(
    read: Callable[[int, int], bytes], address: int, size: int, *, has_order: bool
) -> Iterator[tuple[int, bytes]]:
    content = read(address, min(size, _MOST_BYTES))
    if len(content) < size:
        msg = f"one of {size:,} bytes"
        raise ValueError(msg)
    offset, prefix = 0, 6 if has_order else 4
    while offset + prefix <= size:
        kind, flags = content[offset], content[offset + 3]
        count = int.from_bytes(content[offset + 1 : offset + 3], "little")
        offset += prefix
        if flags & _SHARED or offset + count > size:
            msg = f"a message of type {kind} that stands elsewhere"
            raise ValueError(msg)
        yield kind, content[offset : offset + count]
        offset += count
