"""The chunk index of a growing dataset, an extensible array, read past HDF5.

HDF5 goes through the whole index for a chunk that it is asked for by its coordinates. And where a process has a file
open twice, it mistakes one chunk for another once either has refreshed the dataset (seen in 2.0).

An extensible array is a header, an index block with the first elements, then ever larger data blocks, whose addresses
stand in the index block or, further on, in secondary blocks. An element says of one chunk where it is, how long it is,
and which filters it went around; it never changes once it is written. The checksums of these blocks are not compared:
what they would find is found by those of the chunks.
"""

from __future__ import annotations

import itertools
import struct
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sparsey_trace.trace.hdf5.superblock import UNDEFINED_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

_HEADER = struct.Struct("<4s8B7Q")
_FILTERED_CHUNKS = 1
"""The client that these arrays serve: elements of chunks with filters."""
_PARAMETERS = (32, 4, 16, 4, 10)
"""Of every array that HDF5 makes: bits of an element's number, elements in the index block, least elements in a data
block, least addresses in a secondary block, bits of an element's number in a page."""

_LEAST_SIZE, _MOST_SIZE = 13, 20
"""Bytes of an element: an address, a size in as many bytes as the largest takes, a mask."""

_IN_INDEX_BLOCK, _LEAST_IN_BLOCK, _IN_PAGE = 4, 16, 1024
_DIRECT_LEVELS, _LEVELS = 4, 29
"""Levels of data blocks whose addresses stand in the index block; and how many levels there are."""
_DIRECT_BLOCKS = 6

_BLOCK_PREFIX = struct.Struct("<4sBBQ")
_BLOCK_OFFSET_BYTES, _CHECKSUM_BYTES, _ADDRESS_BYTES, _MASK_BYTES = 4, 4, 8, 4


class Elements(NamedTuple):
    """The elements of an index, as they stand there.

    Attributes:
        content: their bytes.
        size: of one.
    """

    content: bytes
    size: int

    @property
    def number(self) -> int:
        """How many there are."""
        return len(self.content) // self.size


class IndexedChunks(NamedTuple):
    """Where chunks stand, in the order of the index.

    Attributes:
        addresses: [n] int64, the first byte of each in the file; no meaning where it has no bytes.
        sizes: [n] int64, how many bytes it takes there; 0 where it is missing.
        masks: [n] uint32, a bit for each filter that it went around.
    """

    addresses: NDArray[np.int64]
    sizes: NDArray[np.int64]
    masks: NDArray[np.uint32]


def read_chunk_index(read: Callable[[int, int], bytes], address: int, count: int, most: int = 0) -> Elements:
    """The first elements of an index; `split` says what they mean.

    Args:
        read: the file's bytes, by address and count.
        address: of the array's header; undefined while the dataset is empty.
        count: how many are wanted.
        most: how many may be read, as far as they can be.

    Raises:
        ValueError: the index isn't one that HDF5 makes for chunks with filters.
    """
    most = max(count, most)
    if address == UNDEFINED_ADDRESS:
        return Elements(bytes(most * _LEAST_SIZE), _LEAST_SIZE)
    header = _HEADER.unpack(_whole(read, address, _HEADER.size))
    size = header[3]
    expected = (b"EAHD", 0, _FILTERED_CHUNKS)
    if header[:3] != expected or header[4:9] != _PARAMETERS or not _LEAST_SIZE <= size <= _MOST_SIZE:
        msg = f"a list of chunks at byte {address} that HDF5 doesn't make"
        raise ValueError(msg)
    found = bytearray()
    try:
        for elements in _blocks(read, address, header[-1], size):
            found += elements
            if len(found) >= most * size:
                break
    except ValueError:
        if len(found) < count * size:
            raise
    return Elements(bytes(found[: min(most, len(found) // size) * size]), size)


def split(indexes: Sequence[Elements]) -> IndexedChunks:
    """The elements of several indexes by their fields, one index after the other."""
    whole = np.zeros((sum(index.number for index in indexes), _MOST_SIZE), np.uint8)
    begin = 0
    for index in indexes:
        rows = np.frombuffer(index.content, np.uint8).reshape(-1, index.size)
        found = whole[begin : begin + len(rows)]
        found[:, : index.size - _MASK_BYTES] = rows[:, :-_MASK_BYTES]
        found[:, -_MASK_BYTES:] = rows[:, -_MASK_BYTES:]
        begin += len(rows)
    fields = whole.view([("address", "<i8"), ("size", "<i8"), ("mask", "<u4")])[:, 0]
    addresses, masks = fields["address"].copy(), fields["mask"].copy()
    # HDF5 fills what it hasn't written with undefined addresses.
    return IndexedChunks(addresses, np.where(addresses == -1, 0, fields["size"]), masks)


def _blocks(read: Callable[[int, int], bytes], header: int, index_block: int, size: int) -> Iterator[bytes]:
    """The elements, each of so many bytes, block by block.

    Args:
        read: the file's bytes, by address and count.
        header: its address.
        index_block: its address.
        size: of an element.
    """
    num_addresses = _DIRECT_BLOCKS + _LEVELS - _DIRECT_LEVELS
    first = _IN_INDEX_BLOCK * size
    body = _block_body(read, index_block, (b"EAIB", header), first + num_addresses * _ADDRESS_BYTES)
    yield body[:first]
    addresses = iter(np.frombuffer(body[first:], "<u8").tolist())
    direct = iter(list(itertools.islice(addresses, _DIRECT_BLOCKS)))
    for level in range(_LEVELS):
        blocks, count = 1 << level // 2, _LEAST_IN_BLOCK << (level + 1) // 2
        if level < _DIRECT_LEVELS:
            of_level = list(itertools.islice(direct, blocks))
        else:
            of_level = _secondary_block(read, next(addresses), header, blocks, count)
        for address in of_level:
            yield _data_block(read, address, header, count, size)


def _secondary_block(
    read: Callable[[int, int], bytes], address: int, header: int, blocks: int, count: int
) -> list[int]:
    """The addresses of a level's data blocks, each of so many elements."""
    if address == UNDEFINED_ADDRESS:
        return [UNDEFINED_ADDRESS] * blocks
    # A bit for each page, whether it was ever written.
    page_bits = blocks * -(-(count // _IN_PAGE) // 8) if count > _IN_PAGE else 0
    start = _BLOCK_OFFSET_BYTES + page_bits
    body = _block_body(read, address, (b"EASB", header), start + blocks * _ADDRESS_BYTES)
    return [int(found) for found in np.frombuffer(body[start:], "<u8")]


def _data_block(read: Callable[[int, int], bytes], address: int, header: int, count: int, size: int) -> bytes:
    """The elements of one data block."""
    if address == UNDEFINED_ADDRESS:
        return bytes(count * size)
    if count <= _IN_PAGE:
        body = _block_body(read, address, (b"EADB", header), _BLOCK_OFFSET_BYTES + count * size)
        return body[_BLOCK_OFFSET_BYTES:]
    # Before each page stands the checksum of what comes before.
    page = _CHECKSUM_BYTES + _IN_PAGE * size
    body = _block_body(read, address, (b"EADB", header), _BLOCK_OFFSET_BYTES + count // _IN_PAGE * page)
    pages = np.frombuffer(body[_BLOCK_OFFSET_BYTES:], np.uint8).reshape(-1, page)
    return pages[:, _CHECKSUM_BYTES:].tobytes()


def _block_body(
    read: Callable[[int, int], bytes], address: int, kind: tuple[bytes, int], count: int
) -> bytes:
    """So many bytes of a block behind its prefix, which names its kind and the header that it belongs to."""
    content = _whole(read, address, _BLOCK_PREFIX.size + count)
    if _BLOCK_PREFIX.unpack_from(content) != (kind[0], 0, _FILTERED_CHUNKS, kind[1]):
        msg = f"a list of chunks with a block at byte {address} that HDF5 doesn't make"
        raise ValueError(msg)
    return content[_BLOCK_PREFIX.size :]


def _whole(read: Callable[[int, int], bytes], address: int, count: int) -> bytes:
    content = read(address, count) if address < 1 << 63 else b""
    if len(content) < count:
        msg = f"a list of chunks that goes on at byte {address}, where the file doesn't"
        raise ValueError(msg)
    return content
