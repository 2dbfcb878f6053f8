"""Chunks that are made here are what HDF5 would have made: it reads them, and checks them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import hdf5plugin
import numpy as np
import pytest

from sparsey_trace.trace.hdf5 import chunk_codec
from sparsey_trace.trace.hdf5.chunk_codec import fletcher32

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def make(path: Path, values: NDArray[Any], chunks: tuple[int, ...], **filters: Any) -> h5py.Dataset:
    file = h5py.File(path, "w", locking=False)
    shape = (0, *values.shape[1:])
    return file.create_dataset(
        "values", shape=shape, maxshape=(None, *shape[1:]), chunks=chunks, dtype=values.dtype, **filters
    )


def write(path: Path, values: NDArray[Any], chunks: tuple[int, ...]) -> None:
    """A file of these values, a chunk's samples at a time."""
    dataset = make(path, values, chunks, fletcher32=True, compression=hdf5plugin.Zstd())
    for start in range(0, len(values), chunks[0]):
        part = values[start : start + chunks[0]]
        dataset.resize(start + len(part), axis=0)
        for chunk in chunk_codec.encode(part, chunks):
            chunk_codec.write_chunk(dataset, start, chunk)
    dataset.file.close()


@pytest.mark.parametrize(
    ("width", "chunks"),
    [
        ((), (64,)),
        ((5,), (64, 5)),
        ((20, 3), (64, 16, 3)),
        ((32, 3), (64, 16, 3)),
        ((4, 1), (64, 4, 1)),
    ],
)
@pytest.mark.parametrize("dtype", ["u1", "u2", "i8", "f4"])
@pytest.mark.parametrize("samples", [1, 64, 150])
def test_hdf5_reads_them(
    tmp_path: Path, samples: int, dtype: str, width: tuple[int, ...], chunks: tuple[int, ...]
) -> None:
    values = np.random.default_rng(samples).integers(0, 200, (samples, *width)).astype(dtype)
    write(tmp_path / "values.h5", values, chunks)
    with h5py.File(tmp_path / "values.h5") as file:
        assert file["values"].dtype == values.dtype
        np.testing.assert_array_equal(file["values"][:], values)


def test_hdf5_reads_large_chunks(tmp_path: Path) -> None:
    """Which are compressed less."""
    values = np.random.default_rng(0).integers(0, 200, (70, 9000)).astype("f4")
    write(tmp_path / "values.h5", values, (64, 9000))
    with h5py.File(tmp_path / "values.h5") as file:
        assert file["values"].id.get_chunk_info(0).size < values[:64].nbytes / 2
        np.testing.assert_array_equal(file["values"][:], values)


def test_hdf5_finds_any_changed_bit(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 16, (64, 5), np.uint8)
    write(tmp_path / "values.h5", values, (64, 5))
    sound = (tmp_path / "values.h5").read_bytes()
    with h5py.File(tmp_path / "values.h5") as file:
        found = file["values"].id.get_chunk_info(0)
    for bit in range(0, 8 * found.size, 7):
        damaged = bytearray(sound)
        damaged[found.byte_offset + bit // 8] ^= 1 << bit % 8
        (tmp_path / "damaged.h5").write_bytes(damaged)
        with (
            h5py.File(tmp_path / "damaged.h5") as file,
            pytest.raises(OSError, match="filter returned failure"),
        ):
            file["values"][:]


@pytest.mark.parametrize("size", [1, 2, 3, 100, 16_384, 16_385, 100_001])
@pytest.mark.parametrize("fill", [None, 0, 255])
def test_the_checksum_is_the_one_that_hdf5_stores(tmp_path: Path, size: int, fill: int | None) -> None:
    values = np.random.default_rng(size).integers(0, 256, size, np.uint8)
    if fill is not None:
        values[:] = fill
    dataset = make(tmp_path / "values.h5", values, (size,), fletcher32=True)
    dataset.resize(size, axis=0)
    dataset[:] = values
    dataset.file.flush()
    stored = dataset.id.read_direct_chunk((0,))[1]
    dataset.file.close()
    assert stored[:-4] == values.tobytes()
    assert int.from_bytes(stored[-4:], "little") == fletcher32(values.tobytes())
