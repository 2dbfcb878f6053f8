"""Object headers that HDF5 makes are understood; those that lead elsewhere are named."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from sparsey_trace.trace.hdf5 import guarded
from sparsey_trace.trace.hdf5.object_headers import Header, read_header

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> h5py.File:
    with h5py.File(tmp_path / "file.h5", "w", libver=("v110", "v110")) as file:
        yield file


def header(file: h5py.File, name: str) -> Header:
    file.flush()
    return read_header(partial(guarded.read_bytes, file), file.id.links.get_info(name.encode()).u, name)


def test_groups_and_layouts(file: h5py.File) -> None:
    file.create_group("group")
    file["contiguous"] = np.arange(10)
    file.create_dataset("single", data=np.arange(10), chunks=(10,))
    growing = file.create_dataset("growing", (5,), "i8", chunks=(1,), maxshape=(None,))
    growing[:] = 1
    file.create_dataset("two axes", (5, 5), "i8", chunks=(1, 1), maxshape=(None, None))
    found = {name: header(file, name) for name in file}
    assert {name: one.layout for name, one in found.items()} == {
        "group": "",
        "contiguous": "contiguous",
        "single": "single",
        "growing": "growing",
        "two axes": "chunked, index 5",
    }
    assert [name for name, one in found.items() if one.is_group] == ["group"]
    assert guarded.read_bytes(file, found["growing"].chunk_index, 4) == b"EAHD"


def test_a_virtual_dataset_is_named(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((3,), "i8")
    layout[:] = h5py.VirtualSource("other.h5", "values", shape=(3,))
    file.create_virtual_dataset("virtual", layout)
    assert header(file, "virtual").layout == "virtual"


def test_what_leads_elsewhere_is_refused(file: h5py.File) -> None:
    file.create_dataset("outside", (3,), "i8", external=[("other.bin", 0, 24)])
    with pytest.raises(ValueError, match=r"^outside: expected an object .*, found a message of type 7$"):
        header(file, "outside")
    file["type"] = np.dtype("f8")
    file.create_dataset("typed", (3,), file["type"])
    with pytest.raises(ValueError, match=r"found a message of type 3 that stands elsewhere$"):
        header(file, "typed")
    with pytest.raises(ValueError, match=r"^here: .*, found another at byte 0$"):
        read_header(partial(guarded.read_bytes, file), 0, "here")
