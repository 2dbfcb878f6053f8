"""Numbers of few bits are packed as HDF5 packs them: each reads what the other wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from sparsey_trace.trace.hdf5 import chunk_codec
from sparsey_trace.trace.hdf5.narrow_codec import NARROW

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SHAPES = [((70, 20, 3), (64, 16, 3)), ((40, 5, 1), (33, 5, 1)), ((10, 1, 1), (7, 1, 1))]


def made(path: Path, values: NDArray[Any], chunks: tuple[int, ...], bits: int) -> h5py.Dataset:
    shape = values.shape
    file = h5py.File(path, "w", locking=False)
    return file.create_dataset(
        "codes",
        shape=shape,
        maxshape=(None, *shape[1:]),
        chunks=chunks,
        dtype=np.uint8,
        **NARROW[bits].options,
    )


def write_past_hdf5(dataset: h5py.Dataset, values: NDArray[Any], bits: int) -> None:
    size = dataset.chunks[0]
    for start in range(0, len(values), size):
        for chunk in chunk_codec.encode(values[start : start + size], dataset.chunks, NARROW[bits]):
            chunk_codec.write_chunk(dataset, start, chunk)


def read_past_hdf5(dataset: h5py.Dataset, bits: int) -> NDArray[Any]:
    """[N, first chunk's MACs, Q]."""
    codec, chunk = NARROW[bits], dataset.chunks
    size = int(np.prod(chunk))
    stored = [
        dataset.id.read_direct_chunk((start, 0, 0))[1] for start in range(0, dataset.shape[0], chunk[0])
    ]
    assert all(codec.may_hold(found, size) and not codec.may_hold(found, size + 8) for found in stored)
    frames = [chunk_codec.checked_frame(found) for found in stored]
    return codec.decompress(frames, size, np.dtype(np.uint8)).reshape(-1, *chunk[1:])[: dataset.shape[0]]


@pytest.mark.parametrize("bits", [2, 4])
def test_hdf5_reads_what_is_written_here_and_the_other_way_round(tmp_path: Path, bits: int) -> None:
    largest = (1 << bits) - 1
    for shape, chunks in SHAPES:
        # HDF5 takes the least number of a chunk off all others, but for the largest that there can be.
        for least in (0, 1, largest):
            values = np.random.default_rng(0).integers(least, largest + 1, shape).astype(np.uint8)
            for write in (write_past_hdf5, lambda dataset, values, _: dataset.write_direct(values)):
                dataset = made(tmp_path / "codes.h5", values, chunks, bits)
                write(dataset, values, bits)
                dataset.file.flush()
                dataset.id.refresh()
                np.testing.assert_array_equal(dataset[:], values)
                np.testing.assert_array_equal(read_past_hdf5(dataset, bits), values[:, : chunks[1]])
                dataset.file.close()


@pytest.mark.parametrize(("place", "value"), [(0, 3), (4, 4), (5, 16), (12, 1)])
def test_a_head_that_hdf5_does_not_make_is_refused(place: int, value: int) -> None:
    codec, plain = NARROW[4], chunk_codec.ZSTD
    frame = bytes(codec.compress(np.ones((64, 2, 2), np.uint8)))
    packed = plain.decompress([frame], 21 + 128 + 1, np.dtype(np.uint8)).copy()
    packed[place] = value
    with pytest.raises(ValueError, match="scaleoffset decompression failed: not numbers of 4 bits"):
        codec.decompress([bytes(plain.compress(packed))], 256, np.dtype(np.uint8))


def test_they_take_fewer_bytes() -> None:
    winners = np.random.default_rng(0).integers(0, 4, (1024, 16, 4)).astype(np.uint8)
    sizes = [len(codec.compress(winners)) for codec in (NARROW[2], NARROW[4], chunk_codec.ZSTD)]
    assert sizes == sorted(sizes)
    assert sizes[0] < 1.01 * winners.size * 2 / 8
