"""Small whole numbers, two or four to a byte, and Zstd behind that.

HDF5's own scaleoffset filter packs and unpacks them, which every HDF5 has: shape and dtype of the dataset stay as they
are. Zstd then has a half or a quarter of the bytes to go through, and takes less time for fewer bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from sparsey_trace.trace.hdf5.chunk_codec import Codec, Zstd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_HEAD = np.dtype([("bits", "<u4"), ("least_bytes", "u1"), ("least", "<u8"), ("unused", "V8")])
"""What stands before the numbers: the bits of each, and what was taken off each, in so many bytes."""
_LEAST_BYTES = 8
_SPARE_BYTES = 1
"""HDF5 has one byte more than the numbers fill."""


class Narrow:
    """Numbers of so few bits that a byte holds several, the first one highest.

    HDF5 takes the largest number that the bits hold as a sign for the dataset's fill value, so that is its fill value.

    Args:
        bits: of a number: 2 or 4.
        level: Zstd's.

    Attributes:
        filters: see `Codec`.
        fill_value: that a dataset must have.
    """

    def __init__(self, bits: int, level: int) -> None:
        """See the class for the arguments."""
        self._bits, self._per_byte, self._zstd = bits, 8 // bits, Zstd(level)
        self.filters: tuple[int, ...] = (h5py.h5z.FILTER_SCALEOFFSET, *self._zstd.filters)
        self._largest = (1 << bits) - 1
        self.fill_value: int | None = self._largest
        # As many numbers as share a byte are seen as one word, with the first of them in its lowest byte.
        self._word = np.dtype(f"<u{self._per_byte}")
        places = [(8 * index, 8 - bits * (index + 1)) for index in range(self._per_byte)]
        # Times this, a word has all of them in its highest byte, the first one highest.
        top = places[-1][0]
        self._joins = self._word.type(sum(1 << (top - low + high) for low, high in places))
        # Times this, a byte has all of them but the first where they stand in a word, and others between them.
        self._parts = self._word.type(sum(1 << (low - high) for low, high in places[1:]))
        self._places = self._word.type(sum(self._largest << low for low, _ in places))
        self._head = np.zeros(1, _HEAD)
        self._head["bits"], self._head["least_bytes"] = bits, _LEAST_BYTES

    @property
    def options(self) -> Mapping[str, Any]:
        """See `Codec`."""
        # h5py has no other way to a checksum behind scaleoffset.
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_scaleoffset(h5py.h5z.SO_INT, self._bits)
        return {**self._zstd.options, "dcpl": plist, "fillvalue": self._largest}

    def compress(self, values: NDArray[Any]) -> memoryview:
        """See `Codec`."""
        packed = np.zeros(self._packed_bytes(values.size), np.uint8)
        packed[: _HEAD.itemsize] = self._head.view(np.uint8)
        words = self._words(values) * self._joins
        words >>= self._word.type(8 * (self._per_byte - 1))
        packed[_HEAD.itemsize : _HEAD.itemsize + len(words)] = words
        return self._zstd.compress(packed)

    def may_hold(self, frame: bytes, size: int) -> bool:
        """See `Codec`."""
        return self._zstd.may_hold(frame, self._packed_bytes(size))

    def decompress(self, frames: Sequence[bytes], size: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """See `Codec`."""
        packed_bytes, num_words = self._packed_bytes(size), -(-size // self._per_byte)
        packed = self._zstd.decompress(frames, packed_bytes, np.dtype(np.uint8)).reshape(-1, packed_bytes)
        heads = np.ascontiguousarray(packed[:, : _HEAD.itemsize]).view(_HEAD)[:, 0]
        first = packed[:, _HEAD.itemsize : _HEAD.itemsize + num_words].astype(self._word)
        words = first * self._parts
        first >>= self._word.type(8 - self._bits)
        words |= first
        words &= self._places
        values: NDArray[Any] = words.view(np.uint8)[:, :size]
        if any((heads[name] != self._head[name]).any() for name in ("bits", "least_bytes", "least")):
            values = self._raised(values, heads)
        return values.reshape(-1).view(dtype)

    def _packed_bytes(self, count: int) -> int:
        """Of so many numbers, with what stands before and behind them."""
        return _HEAD.itemsize + count * self._bits // 8 + _SPARE_BYTES

    def _words(self, values: NDArray[Any]) -> NDArray[Any]:
        """[n], numbers of one byte each as words; the last one is filled up with zeros."""
        flat = values.reshape(-1).view(np.uint8)
        if missing := -len(flat) % self._per_byte:
            flat = np.append(flat, np.zeros(missing, np.uint8))
        return flat.view(self._word)

    def _raised(self, values: NDArray[Any], heads: NDArray[Any]) -> NDArray[Any]:
        """Numbers as they were before HDF5 itself took the least of a chunk off all but those that are its sign.

        Args:
            values: [n, size].
            heads: [n] `_HEAD`.

        Raises:
            ValueError: a head is another one than HDF5 makes of such numbers.
        """
        least = heads["least"]
        is_right = (heads["bits"] == self._bits) & (heads["least_bytes"] == _LEAST_BYTES)
        if not (is_right & (least <= self._largest)).all():
            msg = f"scaleoffset decompression failed: not numbers of {self._bits} bits"
            raise ValueError(msg)
        return np.where(values == self._largest, values, values + least[:, None].astype(np.uint8))


_LEVELS = {2: 1, 4: 3}
"""Zstd's by the bits of a number: of two, as many bytes less time."""

NARROW: Mapping[int, Codec] = {bits: Narrow(bits, level) for bits, level in _LEVELS.items()}
"""By the bits of a number."""
