"""Dense storage that HDF5 makes is let pass; one with a header of other sizes is refused."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import h5py
import pytest

from sparsey_trace.trace.hdf5 import guarded
from sparsey_trace.trace.hdf5.object_headers import read_header

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with a group of so many attributes and links that they are stored densely."""
    with h5py.File(tmp_path / "file.h5", "w", libver=("v110", "v110")) as file:
        group = file.create_group("group", track_order=True)
        for number in range(200):
            group.attrs[f"attribute {number}"] = number
            group.create_group(f"group {number}")
    return tmp_path / "file.h5"


def is_group(path: Path) -> bool:
    with h5py.File(path) as file:
        address = file.id.links.get_info(b"group").u
        return read_header(partial(guarded.read_bytes, file), address, "group").is_group


def test_what_hdf5_makes(path: Path) -> None:
    content = path.read_bytes()
    assert content.count(b"FRHP") == 2
    assert content.count(b"BTHD") >= 2
    assert is_group(path)


@pytest.mark.parametrize(("signature", "what"), [(b"FRHP", "a heap"), (b"BTHD", "a tree")])
@pytest.mark.parametrize("offset", [0, 5, 9, 12])
def test_other_sizes_are_refused(path: Path, signature: bytes, what: str, offset: int) -> None:
    content = bytearray(path.read_bytes())
    address = content.index(signature)
    content[address + offset] ^= 1 << 6
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=f"^group: .*, found {what} at byte {address} that HDF5 doesn't make$"
    ):
        is_group(path)


def test_an_attribute_too_large_for_a_block_is_refused(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file["group"].attrs["large"] = [0.0] * 9_000
    with pytest.raises(
        ValueError,
        match=r"^group: .*, found an attribute of more than 64 KB, as other HDF5 tools store it$",
    ):
        is_group(path)
    with h5py.File(path, "a") as file:
        del file["group"].attrs["large"]
    assert is_group(path)
