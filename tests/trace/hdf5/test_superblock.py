"""Superblocks are read and written as HDF5 does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import pytest

from sparsey_trace.trace.hdf5.superblock import SUPERBLOCK_BYTES, Superblock

if TYPE_CHECKING:
    from pathlib import Path


def start(path: Path, libver: str) -> bytes:
    with h5py.File(path, "w", libver=(libver, "v110")) as file:
        file.attrs["a"] = 1
    return path.read_bytes()[:SUPERBLOCK_BYTES]


def test_it_is_what_hdf5_writes(tmp_path: Path) -> None:
    path = tmp_path / "file.h5"
    written = start(path, "v110")
    found = Superblock.parse(written)
    assert bytes(found) == written
    assert (found.flags, found.end_of_file) == (0, path.stat().st_size)
    assert path.read_bytes()[found.root :].startswith(b"OHDR")


def test_older_and_shorter_ones_are_none(tmp_path: Path) -> None:
    assert Superblock.parse(start(tmp_path / "old.h5", "earliest")) is None
    assert Superblock.parse(start(tmp_path / "new.h5", "v110")[:-1]) is None


@pytest.mark.parametrize(
    ("flags", "is_growing", "is_taken"), [(0, False, False), (1, False, True), (5, True, False)]
)
def test_who_has_the_file(flags: int, *, is_growing: bool, is_taken: bool) -> None:
    found = Superblock.parse(bytes(Superblock(flags=flags, end_of_file=100, root=48)))
    assert (found.is_growing, found.is_taken) == (is_growing, is_taken)
