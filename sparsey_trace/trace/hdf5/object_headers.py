"""A look at HDF5's object headers, before HDF5 itself acts on them.

A header is a list of messages: which datatype, which layout, which links. Some kinds lead elsewhere, or into code of
HDF5 that takes every number for good; h5py makes none of them for groups, plain datasets and attributes. So HDF5 gets
to see an object only after its header was found to be of the kinds named here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from sparsey_trace.trace.hdf5 import dense_storage
from sparsey_trace.trace.hdf5.attribute_messages import check_attribute, dense_attributes
from sparsey_trace.trace.hdf5.link_messages import parse_link
from sparsey_trace.trace.hdf5.superblock import UNDEFINED_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_T = TypeVar("_T")

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
_DENSE = {_ATTRIBUTE_INFO: (2, dense_storage.ATTRIBUTES), _LINK_INFO: (8, dense_storage.LINKS)}
"""Messages that lead to dense storage: bytes of the number of what is stored, where they are counted, and how."""
_SHARED = 2
"""A message's flag: shared, its content stands elsewhere."""
_TIMES, _PHASES, _ORDER = 0x20, 0x10, 0x04
"""A header's flags: times are stored, attribute phase change values are, attributes' creation order is tracked."""
_FIRST_BYTES = 512
"""What is read of a header at once: all of it, mostly."""
_CHECKSUM_BYTES = 4
_MOST_BYTES = 1 << 20
_MOST_BLOCKS = 64
"""Continuation blocks, and the header's own."""

_CLASSES = {0: "compact", 1: "contiguous", 2: "chunked", 3: "virtual"}
_EXTENSIBLE_ARRAY = 4
_SINGLE_FILTERED = 2
"""A flag of a layout: its single chunk went through filters."""
_INDEXES = {1: "single", _EXTENSIBLE_ARRAY: "growing"}
"""Types of chunk indexes."""

_Block = tuple[bytes, bool]
"""What stands in a block, its checksum behind it; and whether its messages say in which order they were made."""
_MOST_KNOWN, _USUAL_BYTES = 4096, 2048
"""So many blocks and headers are remembered, of no more bytes each: the files of a run are much the same."""


class Header(NamedTuple):
    """What an object's header says, in short.

    Attributes:
        is_group: whether it is a group.
        layout: of a dataset, `contiguous`, `single` (one chunk), `growing` (chunks along one unlimited axis) or
            the name of another layout; empty where it is no dataset.
        chunk_index: the address of a growing dataset's chunk index.
        chunk: of a dataset in a single chunk that went through filters, where it is, how many bytes it takes, and a bit
            for each filter that it went around; else None.
        links: of a group, its links' names to the addresses that they lead to, or None where one leads to
            elsewhere; None where they aren't kept in the header.
        content: all that is said above comes of these bytes.
        is_whole: whether nothing more of the object, such as attributes, is stored elsewhere.
        is_usual: whether the content is small enough to be remembered.
        attributes: the messages of the object's attributes, wherever they are stored.
    """

    is_group: bool
    layout: str
    chunk_index: int = 0
    chunk: tuple[int, int, int] | None = None
    links: Mapping[bytes, int | None] | None = None
    content: tuple[_Block, ...] = ()
    is_whole: bool = True
    is_usual: bool = True
    attributes: tuple[bytes, ...] = ()


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
        blocks = tuple(_blocks(read, address))
        is_usual = sum(len(content) for content, _ in blocks) <= _USUAL_BYTES
        header, stored = (_parsed if is_usual else _parsed.__wrapped__)(blocks)
        dense = _check_stored(read, stored)
        return header._replace(attributes=(*header.attributes, *dense)) if dense else header
    except (ValueError, LookupError) as error:
        msg = f"{name}: expected an object as HDF5 1.10 makes them for a trace, found {error}"
        raise ValueError(msg) from error


@lru_cache(maxsize=_MOST_KNOWN)
def _parsed(blocks: tuple[_Block, ...]) -> tuple[Header, Mapping[int, tuple[int, ...]]]:
    """What the blocks of a header say; and by the type of the message that leads there, where dense storage stands."""
    messages = [message for block in blocks for message in _messages(*block)]
    found, links = _by_type(messages)
    unknown = sorted(found.keys() - _KNOWN)
    if unknown:
        msg = f"a message of type {unknown[0]}"
        raise ValueError(msg)
    layout, chunk_index = _layout(found.get(_LAYOUT, b""))
    places = {kind: _places(found[kind], _DENSE[kind][0]) for kind in _DENSE if kind in found}
    stored = {kind: place for kind, place in places.items() if {*place} != {UNDEFINED_ADDRESS}}
    is_group = _LINK_INFO in found
    has_links = is_group and places[_LINK_INFO][0] == UNDEFINED_ADDRESS
    header = Header(
        is_group=is_group,
        layout=layout,
        chunk_index=chunk_index,
        chunk=_single_chunk(found[_LAYOUT]) if layout == "single" else None,
        links=dict(links) if has_links else None,
        content=blocks,
        is_whole=not stored,
        is_usual=sum(len(content) for content, _ in blocks) <= _USUAL_BYTES,
        attributes=tuple(body for kind, body in messages if kind == _ATTRIBUTE),
    )
    return header, stored


def _by_type(
    messages: Iterable[tuple[int, bytes]],
) -> tuple[dict[int, bytes], list[tuple[bytes, int | None]]]:
    """The messages by type, where no two of those that matter here contradict each other; attributes are checked."""
    found: dict[int, bytes] = {}
    links = []
    for kind, body in messages:
        if kind in found and kind in _ONCE:
            msg = f"two messages of type {kind}"
            raise ValueError(msg)
        if kind == _ATTRIBUTE:
            check_attribute(body)
        if kind == _LINK:
            links.append(parse_link(body))
        found[kind] = body
    return found, links


def _check_stored(
    read: Callable[[int, int], bytes], stored: Mapping[int, tuple[int, ...]]
) -> Sequence[bytes]:
    """Check the dense storage that an object has where it has many attributes or links; the attributes' messages."""
    attributes: list[bytes] = []
    for message, places in stored.items():
        kind = _DENSE[message][1]
        found = dense_storage.check_dense(read, kind, places)
        if found is not None and kind is dense_storage.ATTRIBUTES:
            attributes += dense_attributes(read, *found)
    return attributes


def _places(info: bytes, order_bytes: int) -> tuple[int, ...]:
    """Where an info message says that the heap stands, and its B-trees."""
    first = 2 + order_bytes * (info[1] & 1)
    ends = range(first + 8, first + 8 * (3 + bool(info[1] & 2)), 8)
    return tuple(int.from_bytes(info[end - 8 : end], "little") for end in ends)


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


def _single_chunk(message: bytes) -> tuple[int, int, int] | None:
    start = 6 + message[3] * message[4]
    if not message[2] & _SINGLE_FILTERED:
        return None
    size, mask, address = (
        int.from_bytes(message[start + begin : start + end], "little")
        for begin, end in ((0, 8), (8, 12), (12, 20))
    )
    return address, size, mask


def _blocks(read: Callable[[int, int], bytes], address: int) -> list[_Block]:
    """What stands in the header's own block and in its continuation blocks."""
    start = read(address, _FIRST_BYTES)
    if start[:5] != b"OHDR\x02":
        msg = f"another at byte {address}"
        raise ValueError(msg)
    flags = start[5]
    first = 6 + 16 * bool(flags & _TIMES) + 4 * bool(flags & _PHASES)
    width = 1 << (flags & 3)
    size = int.from_bytes(start[first : first + width], "little")
    first += width
    has_order = bool(flags & _ORDER)
    content = start[first : first + size + _CHECKSUM_BYTES]
    if len(content) < size + _CHECKSUM_BYTES:
        content = _block(read, address + first, size)
    found = [(content, has_order)]
    # Grows while it is gone through.
    for content, _ in found:
        found += [(_block(read, *place), has_order) for place in _continuations(content, has_order)]
        if len(found) > _MOST_BLOCKS:
            msg = "one in many pieces"
            raise ValueError(msg)
    return found


def _block(read: Callable[[int, int], bytes], address: int, size: int) -> bytes:
    """The messages of a block, and its checksum."""
    content = read(address, min(size, _MOST_BYTES) + _CHECKSUM_BYTES)
    if len(content) < size:
        msg = f"one of {size:,} bytes"
        raise ValueError(msg)
    return content.ljust(size + _CHECKSUM_BYTES, b"\0")


def _remembered(split: Callable[[bytes, bool], _T]) -> Callable[[bytes, bool], _T]:
    """The same of a block's content, remembered where that is of a usual size."""
    known = lru_cache(maxsize=_MOST_KNOWN)(split)

    def found(content: bytes, has_order: bool) -> _T:  # noqa: FBT001 - of a block
        return known(content, has_order) if len(content) <= _USUAL_BYTES else split(content, has_order)

    return found


@_remembered
def _continuations(content: bytes, has_order: bool) -> list[tuple[int, int]]:  # noqa: FBT001 - of a block
    """Where further blocks stand, without their signatures, and how long they are without their checksums."""
    bodies = [body for kind, body in _messages(content, has_order) if kind == _CONTINUATION]
    places = [(int.from_bytes(body[:8], "little"), int.from_bytes(body[8:16], "little")) for body in bodies]
    return [(begin + 4, max(0, count - 8)) for begin, count in places]


@_remembered
def _messages(content: bytes, has_order: bool) -> tuple[tuple[int, bytes], ...]:  # noqa: FBT001 - of a block
    """Each message's type and body, of a block with its checksum."""
    found = []
    offset, prefix, size = 0, 6 if has_order else 4, len(content) - _CHECKSUM_BYTES
    while offset + prefix <= size:
        kind, flags = content[offset], content[offset + 3]
        count = int.from_bytes(content[offset + 1 : offset + 3], "little")
        offset += prefix
        if flags & _SHARED or offset + count > size:
            msg = f"a message of type {kind} that stands elsewhere"
            raise ValueError(msg)
        found.append((kind, content[offset : offset + count]))
        offset += count
    return tuple(found)
