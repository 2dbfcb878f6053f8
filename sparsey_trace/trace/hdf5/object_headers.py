"""A look at HDF5's object headers, before HDF5 itself acts on them.

A header is a list of messages: which type, which layout, which links. Some kinds lead elsewhere, or into code of
HDF5 that takes every number for good; a trace has none of them. So HDF5 gets to see an object only after its
header was found to be of the kinds that a trace has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sparsey_trace.trace.hdf5 import dense_storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DATASPACE, _LINK_INFO, _DATATYPE, _LINK, _LAYOUT, _CONTINUATION, _ATTRIBUTE_INFO = 1, 2, 3, 6, 8, 16, 21
_KNOWN = frozenset(
    {
        0,  # nothing: space to spare
        _DATASPACE,
        _LINK_INFO,
        _DATATYPE,
        4,  # fill value, as it was
        5,  # fill value
        _LINK,
        _LAYOUT,
        10,  # group info
        11,  # filters
        12,  # attribute
        _CONTINUATION,
        18,  # when it was modified
        _ATTRIBUTE_INFO,
        22,  # how many names it has
    }
)
_ONCE = frozenset({_DATASPACE, _LINK_INFO, _DATATYPE, _LAYOUT, _ATTRIBUTE_INFO})
_SHARED = 2
"""A message's flag: that its content stands elsewhere."""
_TIMES, _PHASES, _ORDER = 0x20, 0x10, 0x04
"""A header's flags: that it says when it was changed, when to store attributes elsewhere, and messages' order."""
_MOST_BYTES = 1 << 20
_MOST_PIECES = 64

_CLASSES = {0: "compact", 1: "contiguous", 2: "chunked", 3: "virtual"}
_GROWING = 4
_INDEXES = {1: "single", _GROWING: "growing"}


class Header(NamedTuple):
    """What an object's header says, in short.

    Attributes:
        is_group: whether it is one that a trace may have.
        layout: of a dataset, `contiguous`, `single` (one chunk), `growing` (chunks along an axis without end) or
            the name of what no trace has; empty where it is no dataset.
        chunks: of growing chunks, where the list of them stands.
    """

    is_group: bool
    layout: str
    chunks: int = 0


def read_header(read: Callable[[int, int], bytes], place: int, name: str) -> Header:
    """The header of an object.

    Args:
        read: the file's bytes, by place and count.
        place: where the header stands.
        name: the object's, for messages.

    Raises:
        ValueError: there is none, or one of another kind than a trace has.
    """
    try:
        found = _by_type(_messages(read, place))
        _check_info(read, found)
        unknown = sorted(found.keys() - _KNOWN)
        if unknown:
            msg = f"a message of type {unknown[0]}"
            raise ValueError(msg)
        layout, chunks = _layout(found.get(_LAYOUT, b""))
        return Header(is_group=_LINK_INFO in found, layout=layout, chunks=chunks)
    except (ValueError, LookupError) as error:
        msg = f"{name}: expected an object as HDF5 1.10 makes them for a trace, found {error}"
        raise ValueError(msg) from error


def _by_type(messages: Iterator[tuple[int, bytes]]) -> dict[int, bytes]:
    """The messages by type, where no two of those that matter here contradict each other."""
    found: dict[int, bytes] = {}
    for kind, body in messages:
        if kind in found and kind in _ONCE:
            msg = f"two messages of type {kind}"
            raise ValueError(msg)
        found[kind] = body
    return found


def _check_info(read: Callable[[int, int], bytes], found: dict[int, bytes]) -> None:
    """See to the heaps and trees that an object has where it has many attributes or links."""
    for message, order_bytes, kind in (
        (_ATTRIBUTE_INFO, 2, dense_storage.ATTRIBUTES),
        (_LINK_INFO, 8, dense_storage.LINKS),
    ):
        body = found.get(message)
        if body is not None:
            flags = body[1]
            first = 2 + order_bytes * bool(flags & 1)
            ends = range(first + 8, first + 8 * (3 + bool(flags & 2)), 8)
            dense_storage.check_dense(
                read, kind, tuple(int.from_bytes(body[end - 8 : end], "little") for end in ends)
            )


def _layout(message: bytes) -> tuple[str, int]:
    if not message:
        return "", 0
    version, kind = message[0], message[1]
    if kind != 2:
        return _CLASSES.get(kind, f"class {kind}"), 0
    # Before version 4, chunks stand in trees without checksums.
    if version != 4:
        return f"chunked, version {version}", 0
    dimensions, size = message[3], message[4]
    at = 5 + dimensions * size
    # What the list was made by stands in between, and once more in its head.
    index = int.from_bytes(message[at + 6 : at + 14], "little") if message[at] == _GROWING else 0
    return _INDEXES.get(message[at], f"chunked, index {message[at]}"), index


def _messages(read: Callable[[int, int], bytes], place: int) -> Iterator[tuple[int, bytes]]:
    start = read(place, 64)
    if start[:5] != b"OHDR\x02":
        msg = f"another at byte {place}"
        raise ValueError(msg)
    flags = start[5]
    first = 6 + 16 * bool(flags & _TIMES) + 4 * bool(flags & _PHASES)
    width = 1 << (flags & 3)
    size = int.from_bytes(start[first : first + width], "little")
    waiting = [(place + first + width, size)]
    for _ in range(_MOST_PIECES):
        if not waiting:
            return
        for kind, body in _split(read, *waiting.pop(), has_order=bool(flags & _ORDER)):
            yield kind, body
            if kind == _CONTINUATION:
                at, count = (int.from_bytes(body[i : i + 8], "little") for i in (0, 8))
                # Without its signature and its checksum.
                waiting.append((at + 4, max(0, count - 8)))
    msg = "one in many pieces"
    raise ValueError(msg)


def _split(
    read: Callable[[int, int], bytes], place: int, size: int, *, has_order: bool
) -> Iterator[tuple[int, bytes]]:
    content = read(place, min(size, _MOST_BYTES))
    if len(content) < size:
        msg = f"one of {size:,} bytes"
        raise ValueError(msg)
    at, head = 0, 6 if has_order else 4
    while at + head <= size:
        kind, flags = content[at], content[at + 3]
        count = int.from_bytes(content[at + 1 : at + 3], "little")
        at += head
        if flags & _SHARED or at + count > size:
            msg = f"a message of type {kind} that stands elsewhere"
            raise ValueError(msg)
        yield kind, content[at : at + count]
        at += count
