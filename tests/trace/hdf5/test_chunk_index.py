"""The chunk index is read as HDF5 reads it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import h5py
import hdf5plugin
import numpy as np
import pytest

from sparsey_trace.trace.hdf5 import guarded
from sparsey_trace.trace.hdf5.chunk_index import IndexedChunks, read_chunk_index, split
from sparsey_trace.trace.hdf5.object_headers import read_header
from sparsey_trace.trace.hdf5.superblock import UNDEFINED_ADDRESS

if TYPE_CHECKING:
    from pathlib import Path

LIBVER = ("v110", "v110")


def indexed(path: Path, name: str, count: int) -> IndexedChunks:
    with h5py.File(path, "r") as file:
        read = partial(guarded.read_bytes, file)
        header = read_header(read, file.id.links.get_info(name.encode()).u, name)
        return split([read_chunk_index(read, header.chunk_index, count)])


@pytest.mark.parametrize("count", [1, 4, 5, 20, 21, 100, 1000, 70_000])
def test_it_is_what_hdf5_says(tmp_path: Path, count: int) -> None:
    # The longest one has blocks in pages.
    path, expected = tmp_path / "chunks.h5", []
    with h5py.File(path, "w", libver=LIBVER) as file:
        made = {"chunks": (1,), "maxshape": (None,), "fletcher32": True, "compression": hdf5plugin.Zstd()}
        column = file.create_dataset("column", (count,), "u1", **made)
        for number in range(count):
            column.id.write_direct_chunk((number,), b"8 bytes "[: 1 + number % 8], filter_mask=number % 3)
        column.id.chunk_iter(
            lambda chunk: expected.append((chunk.byte_offset, chunk.size, chunk.filter_mask))
        )
    found = indexed(path, "column", count)
    assert np.array(expected).T.tolist() == [part.tolist() for part in found]


def test_one_with_gaps_and_an_empty_one(tmp_path: Path) -> None:
    path, written = tmp_path / "chunks.h5", [2, 30, 150, 400]
    with h5py.File(path, "w", libver=LIBVER) as file:
        made = {"chunks": (1,), "maxshape": (None,), "fletcher32": True, "compression": hdf5plugin.Zstd()}
        column = file.create_dataset("column", (500,), "u1", **made)
        file.create_dataset("empty", (0,), "u1", **made)
        for number in written:
            column.id.write_direct_chunk((number,), b"x")
    assert np.flatnonzero(indexed(path, "column", 500).sizes).tolist() == written
    assert indexed(path, "empty", 3).sizes.tolist() == [0, 0, 0]


def test_an_index_of_another_kind_is_refused() -> None:
    content = b"EAHD" + bytes(1000)
    with pytest.raises(ValueError, match="a list of chunks at byte 0 that HDF5 doesn't make"):
        read_chunk_index(lambda address, count: content[address : address + count], 0, 1)
    with pytest.raises(
        ValueError, match=f"a list of chunks that goes on at byte {len(content)}, where the file"
    ):
        read_chunk_index(lambda address, count: content[address : address + count], len(content), 1)
    assert split([read_chunk_index(lambda *_: b"", UNDEFINED_ADDRESS, 2)]).sizes.tolist() == [0, 0]
