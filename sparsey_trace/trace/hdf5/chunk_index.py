"""HDF5's list of a growing dataset's chunks, read past HDF5.

HDF5 goes through the whole list for a chunk that it is asked for by its place. And where a process has a file open
twice, it mistakes one chunk for another once either has refreshed the dataset (seen in 2.0).

The list is an extensible array: a head, a block with the first entries, then ever larger blocks, whose places are
known from there or, further on, from blocks of places. Entries never change once they are written. What the
checksums of these blocks would find is found by those of the chunks.
"""

from __future__ import annotations

import itertools
import struct
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

NOWHERE = (1 << 64) - 1

_HEAD = struct.Struct("<4s8B7Q")
_FILTERED = 1
_SHAPE = (32, 4, 16, 4, 10)
"""Of every list that HDF5 makes: bits of an entry's number, entries in the first block, in the smallest of the others,
places of blocks in the smallest block of such, bits of an entry's number in a page."""

_FIRST, _SMALLEST, _PAGE = 4, 16, 1024
_KNOWN_AT_FIRST, _LEVELS = 4, 29
"""Levels of blocks whose places stand in the first block; and how many there are."""
_BLOCKS_AT_FIRST = 6

_PREFIX = struct.Struct("<4sBBQ")
_NUMBER_BYTES, _CHECKSUM_BYTES, _PLACE_BYTES, _MASK_BYTES = 4, 4, 8, 4


class Entries(NamedTuple):
    """Where chunks stand, in the order of the list.

    Attributes:
        places: [n] int64, the first byte of each in the file; no meaning where it has no bytes.
        counts: [n] int64, how many bytes it takes there; 0 where it is missing.
        masks: [n] uint32, a bit for each filter that it went around.
    """

    places: NDArray[np.int64]
    counts: NDArray[np.int64]
    masks: NDArray[np.uint32]


def read_entries(read: Callable[[int, int], bytes], place: int, count: int, most: int = 0) -> Entries:
    """The first entries of a list.

    Args:
        read: the file's bytes, by place and count.
        place: where the list's head stands; NOWHERE while the dataset is empty.
        count: how many are wanted.
        most: how many may be read, as far as they can be.

    Raises:
        ValueError: the list isn't one that HDF5 makes for chunks with filters.
    """
    most = max(count, most)
    if place == NOWHERE:
        return _split(np.zeros((most, _PLACE_BYTES + 1 + _MASK_BYTES), np.uint8))
    head = _HEAD.unpack(_whole(read, place, _HEAD.size))
    entry = head[3]
    if head[:3] != (b"EAHD", 0, _FILTERED) or head[4:9] != _SHAPE or not 13 <= entry <= 20:
        msg = f"a list of chunks at byte {place} that HDF5 doesn't make"
        raise ValueError(msg)
    found = bytearray()
    try:
        for block in _blocks(read, place, head[-1], entry):
            found += block
            if len(found) >= most * entry:
                break
    except ValueError:
        if len(found) < count * entry:
            raise
    rows = np.frombuffer(found, np.uint8, count=min(most, len(found) // entry) * entry)
    return _split(rows.reshape(-1, entry))


def _split(rows: NDArray[np.uint8]) -> Entries:
    places = np.ascontiguousarray(rows[:, :_PLACE_BYTES]).view("<i8").ravel()
    counts = np.zeros((len(rows), 8), np.uint8)
    counts[:, : rows.shape[1] - _PLACE_BYTES - _MASK_BYTES] = rows[:, _PLACE_BYTES:-_MASK_BYTES]
    masks = np.ascontiguousarray(rows[:, -_MASK_BYTES:]).view("<u4").ravel()
    # HDF5 fills what it hasn't written with places that are none.
    return Entries(places, np.where(places == -1, 0, counts.view("<i8").ravel()), masks)


def _blocks(read: Callable[[int, int], bytes], head: int, first: int, entry: int) -> Iterator[bytes]:
    """The entries, block by block."""
    pointers = _BLOCKS_AT_FIRST + _LEVELS - _KNOWN_AT_FIRST
    body = _body(read, first, (b"EAIB", head), _FIRST * entry + pointers * _PLACE_BYTES)
    yield body[: _FIRST * entry]
    places = iter(np.frombuffer(body[_FIRST * entry :], "<u8").tolist())
    known = iter(list(itertools.islice(places, _BLOCKS_AT_FIRST)))
    for level in range(_LEVELS):
        blocks, size = 1 << level // 2, _SMALLEST << (level + 1) // 2
        is_known = level < _KNOWN_AT_FIRST
        of_level = (
            itertools.islice(known, blocks) if is_known else _places(read, next(places), head, blocks, size)
        )
        for place in of_level:
            yield _entries(read, place, head, size, entry)


def _places(read: Callable[[int, int], bytes], place: int, head: int, blocks: int, size: int) -> list[int]:
    """Where the blocks of a level stand, which are of one size."""
    if place == NOWHERE:
        return [NOWHERE] * blocks
    # A bit for each page, whether it was ever written.
    used = blocks * -(-(size // _PAGE) // 8) if size > _PAGE else 0
    body = _body(read, place, (b"EASB", head), _NUMBER_BYTES + used + blocks * _PLACE_BYTES)
    return [int(found) for found in np.frombuffer(body[_NUMBER_BYTES + used :], "<u8")]


def _entries(read: Callable[[int, int], bytes], place: int, head: int, size: int, entry: int) -> bytes:
    """What one block holds."""
    if place == NOWHERE:
        return bytes(size * entry)
    if size <= _PAGE:
        return _body(read, place, (b"EADB", head), _NUMBER_BYTES + size * entry)[_NUMBER_BYTES:]
    # Before each page stands the checksum of what comes before.
    page = _CHECKSUM_BYTES + _PAGE * entry
    body = _body(read, place, (b"EADB", head), _NUMBER_BYTES + size // _PAGE * page)
    return np.frombuffer(body[_NUMBER_BYTES:], np.uint8).reshape(-1, page)[:, _CHECKSUM_BYTES:].tobytes()


def _body(read: Callable[[int, int], bytes], place: int, kind: tuple[bytes, int], count: int) -> bytes:
    """So many bytes of a block behind its beginning, which says what it is and whose."""
    content = _whole(read, place, _PREFIX.size + count)
    if _PREFIX.unpack_from(content) != (kind[0], 0, _FILTERED, kind[1]):
        msg = f"a list of chunks with a block at byte {place} that HDF5 doesn't make"
        raise ValueError(msg)
    return content[_PREFIX.size :]


def _whole(read: Callable[[int, int], bytes], place: int, count: int) -> bytes:
    content = read(place, count) if place < 1 << 63 else b""
    if len(content) < count:
        msg = f"a list of chunks that goes on at byte {place}, where the file doesn't"
        raise ValueError(msg)
    return content
