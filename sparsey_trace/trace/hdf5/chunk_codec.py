"""From the values of a chunk to what the file holds of it, and back: compressed, and its Fletcher32, without HDF5.

HDF5 has one lock for all files of a process and holds it while it compresses or decompresses. Here neither that lock
nor the interpreter's is held meanwhile. Any HDF5 program reads and writes the same chunks through the filters that the
dataset names: Zstd, which HDF5 has from a plugin; or its own shuffle and deflate, for what everybody should be able to
read.
"""

from __future__ import annotations

import itertools
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import h5py
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

FLETCHER32: int = h5py.h5z.FILTER_FLETCHER32
FLETCHER32_BYTES = 4

_ZSTD = 32_015
"""HDF5's number of its filter, as registered with the HDF Group."""

_ZSTD_LEVEL, _DEFLATE_LEVEL = 3, 1
_LARGE_BYTES, _LARGE_LEVEL = 1 << 20, 2
"""Of large chunks, as wide inputs make them: half the time or less, for hardly more bytes where any are saved."""

_MAGIC = b"\x28\xb5\x2f\xfd"
_SMALLEST_FRAME = 9
_SIZE_BYTES = (0, 2, 4, 8)
"""How many bytes say how long a Zstd frame's content is, by the top bits of its descriptor."""

_WORDS_AT_ONCE = 1 << 13
"""How many words Fletcher32 sums at once: few enough for doubles to hold the sum, and for the fastest cache."""
_WEIGHTS, _ONES = np.arange(_WORDS_AT_ONCE, 0, -1.0), np.ones(_WORDS_AT_ONCE)


class Codec(Protocol):
    """A way to compress, under HDF5's names.

    Attributes:
        filters: HDF5's numbers of its filters and of the checksum's, in the order in which chunks are written.
        fill_value: that a dataset must have; None where it makes no difference.
    """

    filters: tuple[int, ...]
    fill_value: int | None

    @property
    def options(self) -> Mapping[str, Any]:
        """What h5py is told to make a dataset of it."""
        ...

    def compress(self, values: NDArray[Any]) -> memoryview:
        """A whole chunk [...], C-contiguous, without its checksum."""
        ...

    def may_hold(self, frame: bytes, size: int) -> bool:
        """Whether so many bytes come of what was compressed, as far as that can be told without trying."""
        ...

    def decompress(self, frames: Sequence[bytes], size: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """What frames hold, one after the other, [n * size / itemsize].

        Args:
            frames: each without its checksum; of each `may_hold` is true.
            size: in bytes, of each.
            dtype: of the values.

        Raises:
            OSError, ValueError: they hold something else than they say.
        """
        ...


@cache
def _zstd(level: int) -> pa.Codec:
    # Who only asks how many samples there are is spared pyarrow.
    import pyarrow as pa

    return pa.Codec("zstd", compression_level=level)


class Zstd:
    """Zstd, which is the fastest, and takes several frames as one piece at less than a call for each.

    Args:
        level: of chunks that aren't large.
    """

    filters: tuple[int, ...] = (_ZSTD, FLETCHER32)
    fill_value: int | None = None

    def __init__(self, level: int = _ZSTD_LEVEL) -> None:
        """See the class for the argument."""
        self._level = level

    @property
    def options(self) -> Mapping[str, Any]:
        """See `Codec`."""
        # Here and nowhere else has HDF5 itself to know Zstd: who only reads a trace is spared its plugins.
        import hdf5plugin

        return {"compression": hdf5plugin.Zstd(clevel=self._level), "fletcher32": True}

    def compress(self, values: NDArray[Any]) -> memoryview:
        """See `Codec`."""
        codec = _zstd(min(_LARGE_LEVEL, self._level) if values.nbytes > _LARGE_BYTES else self._level)
        # In memory that pyarrow uses again: for large chunks new memory costs as much as the rest.
        return memoryview(codec.compress(values)).cast("B")

    def may_hold(self, frame: bytes, size: int) -> bool:
        """See `Codec`."""
        return decoded_size(frame) == size

    def decompress(self, frames: Sequence[bytes], size: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """See `Codec`."""
        return np.frombuffer(_zstd(_ZSTD_LEVEL).decompress(b"".join(frames), len(frames) * size), dtype)


class _Deflate:
    """HDF5's own shuffle (all first bytes, then all second ones, ...) and deflate, which every HDF5 tool has."""

    filters: tuple[int, ...] = (h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE, FLETCHER32)
    fill_value: int | None = None
    options: Mapping[str, Any] = {
        "shuffle": True,
        "compression": "gzip",
        "compression_opts": _DEFLATE_LEVEL,
        "fletcher32": True,
    }

    def compress(self, values: NDArray[Any]) -> memoryview:
        by_byte = values.reshape(-1, 1).view(np.uint8).T
        return memoryview(zlib.compress(by_byte.tobytes(), _DEFLATE_LEVEL))

    def may_hold(self, frame: bytes, size: int) -> bool:
        return bool(frame) and size >= 0

    def decompress(self, frames: Sequence[bytes], size: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        found = np.empty((len(frames), size // dtype.itemsize, dtype.itemsize), np.uint8)
        for frame, target in zip(frames, found, strict=True):
            target.T[:] = np.frombuffer(_inflated(frame, size), np.uint8).reshape(dtype.itemsize, -1)
        return found.reshape(-1).view(dtype)


ZSTD: Codec = Zstd()
QUICK_ZSTD: Codec = Zstd(1)
"""For bits, of which it leaves hardly more bytes."""
DEFLATE: Codec = _Deflate()


class EncodedChunk(NamedTuple):
    """One chunk.

    Attributes:
        corner: the indices of its first value, behind the axis of samples.
        data: what the file holds: what was compressed, and its Fletcher32.
    """

    corner: tuple[int, ...]
    data: bytes


def encode(values: NDArray[Any], shape: tuple[int, ...], codec: Codec = ZSTD) -> Iterator[EncodedChunk]:
    """Encode the chunks of as many samples as a chunk holds, or fewer.

    Args:
        values: [n, ...], as stored.
        shape: a chunk's.
        codec: the dataset's.

    >>> [(chunk.corner, len(chunk.data)) for chunk in encode(np.zeros((50, 20, 3), np.uint8), (64, 16, 3))]
    [((0, 0), 23), ((16, 0), 23)]
    """
    sides = zip(values.shape[1:], shape[1:], strict=True)
    for corner in itertools.product(*(range(0, side, length) for side, length in sides)):
        lengths = zip(corner, shape[1:], strict=True)
        within = (slice(start, start + length) for start, length in lengths)
        yield EncodedChunk(corner, _encode_one(values[:, *within], shape, codec))


def set_extent(dataset: h5py.Dataset, shape: tuple[int, ...]) -> None:
    """Make a dataset as long as that, as its `resize` does, which asks HDF5 for the shapes of dataset and chunks."""
    dataset.id.set_extent(shape)


def write_chunk(dataset: h5py.Dataset, first: int, chunk: EncodedChunk) -> None:
    """Write a chunk whose first sample has this number; the dataset is long enough for it."""
    dataset.id.write_direct_chunk((first, *chunk.corner), chunk.data)


def checked_frame(encoded: bytes) -> bytes | None:
    """What was compressed of a chunk; None where its checksum is another one.

    Args:
        encoded: the chunk's bytes in the file.
    """
    frame, checksum = encoded[:-FLETCHER32_BYTES], encoded[-FLETCHER32_BYTES:]
    return frame if fletcher32(frame) == int.from_bytes(checksum, "little") else None


def decoded_size(frame: bytes) -> int:
    r"""How many bytes a Zstd frame says it holds; -1 where it doesn't, or is none.

    Args:
        frame: its first bytes.

    >>> decoded_size(bytes.fromhex("28b52ffda00080010000000000")), decoded_size(b"")
    (98304, -1)
    """
    if not frame.startswith(_MAGIC) or len(frame) < _SMALLEST_FRAME:
        return -1
    descriptor = frame[4]
    is_single = bool(descriptor & 0b10_0000)
    count = _SIZE_BYTES[descriptor >> 6] or int(is_single)
    # A window stands before it where the frame isn't one segment, and the number of a dictionary.
    start = 5 + (not is_single) + (0, 1, 2, 4)[descriptor & 0b11]
    if not count or start + count > len(frame):
        return -1
    return int.from_bytes(frame[start : start + count], "little") + (256 if count == 2 else 0)


def fletcher32(data: bytes | memoryview) -> int:
    """The Fletcher32 that HDF5 stores behind a chunk, as a little-endian number.

    It is of big-endian words of 16 bits, the last one filled up with a zero.

    Args:
        data: what stands before it in the file.

    >>> hex(fletcher32(b"abcde"))
    '0x4ff029c7'
    """
    words = np.frombuffer(data, "<u2", count=len(data) // 2)
    first = second = 0
    for start in range(0, len(words), _WORDS_AT_ONCE):
        block = words[start : start + _WORDS_AT_ONCE].astype(np.float64)
        second += len(block) * first + int(block @ _WEIGHTS[-len(block) :])
        # As fast as the product above, which a plain sum is not.
        first += int(block @ _ONES[: len(block)])
    if len(data) % 2:
        first += data[-1]
        second += first
    return _folded(second) << 16 | _folded(first)


def _inflated(frame: bytes, size: int) -> bytes:
    """So many bytes; whatever it holds, no more are ever made.

    Raises:
        ValueError: it holds fewer or more, or is no such thing.
    """
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(frame, size)
        # Its end may stand behind bytes that it doesn't need any more.
        more = b"" if stream.eof else stream.decompress(stream.unconsumed_tail, 1)
    except zlib.error as error:
        msg = f"deflate decompression failed: {error}"
        raise ValueError(msg) from error
    if len(found) != size or more or not stream.eof:
        msg = f"deflate decompression failed: not {size:,} bytes"
        raise ValueError(msg)
    return found


def _encode_one(values: NDArray[Any], shape: tuple[int, ...], codec: Codec) -> bytes:
    """A chunk of this shape out of values [n, ...] that may fill only some of it."""
    if values.shape != shape:
        # HDF5 stores every chunk whole.
        whole = np.zeros(shape, values.dtype)
        whole[tuple(map(slice, values.shape))] = values
        values = whole
    frame = codec.compress(np.ascontiguousarray(values))
    return b"".join((frame, fletcher32(frame).to_bytes(FLETCHER32_BYTES, "little")))


def _folded(total: int) -> int:
    # Times 256 swaps the bytes of every word, modulo 65,535, of which HDF5 leaves 65,535 and not 0.
    return (total * 256 - 1) % 65535 + 1 if total else 0
