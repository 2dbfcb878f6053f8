"""Attributes whose type stands elsewhere are refused, wherever they are stored; all others pass."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from sparsey_trace.trace.hdf5 import guarded
from sparsey_trace.trace.hdf5.attribute_messages import check_attribute
from sparsey_trace.trace.hdf5.object_headers import read_header

if TYPE_CHECKING:
    from pathlib import Path

STORED = {
    "in the header": (3, 8, (b"FRHP", False)),
    "in one block of a heap": (12, 8, (b"FHIB", False)),
    "in some blocks of a heap": (40, 1000, (b"FHIB", True)),
    "below a tree of two levels": (300, 400, (b"BTIN", True)),
}


def made(folder: Path, count: int, size: int, *, typed: int = -1) -> Path:
    """A file with a group of so many attributes; one of them may have a committed type."""
    path = folder / "file.h5"
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        group = file.create_group("group")
        file["type"] = np.dtype(f"S{size}")
        for number in range(count):
            dtype = file["type"] if number == typed else f"S{size}"
            group.attrs.create(f"attribute {number}", np.bytes_("x" * size), dtype=dtype)
    return path


def check(path: Path) -> None:
    with h5py.File(path) as file:
        address = file.id.links.get_info(b"group").u
        read_header(partial(guarded.read_bytes, file), address, "group")


@pytest.mark.parametrize(("count", "size", "holds"), STORED.values(), ids=STORED)
def test_others_pass(tmp_path: Path, count: int, size: int, holds: tuple[bytes, bool]) -> None:
    path = made(tmp_path, count, size)
    signature, is_there = holds
    assert (signature in path.read_bytes()) is is_there
    check(path)


def test_those_of_older_formats_pass(tmp_path: Path) -> None:
    """As h5py's defaults make them in a trace that is edited."""
    path = made(tmp_path, 3, 8)
    with h5py.File(path, "r+") as file:
        file["group"].attrs["more"] = 3
    check(path)


@pytest.mark.parametrize(("count", "size", "_"), STORED.values(), ids=STORED)
@pytest.mark.parametrize("part", [0, 0.6, 1])
def test_a_type_elsewhere(tmp_path: Path, count: int, size: int, _: object, part: float) -> None:
    path = made(tmp_path, count, size, typed=round(part * (count - 1)))
    with pytest.raises(ValueError, match=r"^group: .*, found an attribute whose type stands elsewhere$"):
        check(path)


@pytest.mark.parametrize("place", [0, 5, 30, 299])
def test_a_record_that_leads_out_of_the_heap(tmp_path: Path, place: int) -> None:
    path = made(tmp_path, 300, 400)
    content = bytearray(path.read_bytes())
    leaf = content.index(b"BTLF") if place < 30 else content.rindex(b"BTLF")
    content[leaf + 6 + 17 * (place % 8)] = 1 << 4
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"found an attribute that isn't in the heap at byte \d+$"):
        check(path)


@pytest.mark.parametrize(
    ("message", "flags", "expected"),
    [
        (b"\x03\x01", 0, "an attribute whose type stands elsewhere"),
        (b"\x03\x02", 0, "an attribute whose type stands elsewhere"),
        (b"\x03\x00", 2, "an attribute whose type stands elsewhere"),
        (b"\x04\x00", 0, "an attribute that begins with 0400"),
        (b"", 0, "an attribute that begins with nothing"),
    ],
)
def test_messages(message: bytes, flags: int, expected: str) -> None:
    check_attribute(b"\x03\x00")
    with pytest.raises(ValueError, match=f"^{expected}$"):
        check_attribute(message, flags)
