"""Attributes and small datasets are read where they are of the kind that is asked for, and refused where not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from sparsey_trace.trace.hdf5 import attributes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TEXT = "n\u00e4me \u5b57"


@pytest.fixture
def file(tmp_path: Path) -> Iterator[h5py.File]:
    with h5py.File(tmp_path / "file.h5", "w", libver=("v110", "v110")) as file:
        file.attrs.update(number=3, numbers=[1, 2], real=0.5, many=np.arange(65), free="of any length")
        for name, text in (("text", TEXT), ("empty", "")):
            file.attrs[name] = attributes.fixed_length_text(text)
        long = attributes.fixed_length_text(TEXT * 10_000)[None]
        file.create_dataset("long", data=long, chunks=(1,), fletcher32=True)
        array = np.arange(6, dtype=np.int32).reshape(2, 3)
        file.create_dataset("array", data=array, chunks=(2, 3), fletcher32=True)
        file.create_dataset("flat", data=array.ravel(), chunks=(6,), fletcher32=True)
        file.create_dataset("unchecked", data=array, chunks=(2, 3))
        file.flush()
        yield file


def test_what_is_asked_for(file: h5py.File) -> None:
    assert attributes.has_attribute(file, "number")
    assert not attributes.has_attribute(file, "other")
    assert attributes.read_number(file, "number") == 3
    assert attributes.read_numbers(file, "numbers") == [1, 2]
    assert (attributes.read_text(file, "text"), attributes.read_text(file, "empty")) == (TEXT, "")
    assert attributes.read_long_text(file, "long") == TEXT * 10_000
    found = attributes.read_array(file, "array", np.dtype(np.int32))
    assert found.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("read", "name", "expected"),
    [
        (attributes.read_number, "numbers", "numbers: expected a whole number, found 2"),
        (attributes.read_number, "real", "real: expected a whole number, found another kind of attribute"),
        (attributes.read_numbers, "many", "many: expected a whole number, found another kind of attribute"),
        (attributes.read_text, "free", "free: expected text of fixed length, found another kind"),
        (attributes.read_text, "number", "number: expected text of fixed length, found another kind"),
        (attributes.read_long_text, "array", "array: expected text of fixed length, found another kind"),
        (attributes.read_long_text, "none", "none: expected a dataset, found none"),
    ],
)
def test_another_kind_is_refused(
    file: h5py.File, read: Callable[[h5py.File, str], Any], name: str, expected: str
) -> None:
    with pytest.raises(ValueError, match=f"^{expected}$"):
        read(file, name)


@pytest.mark.parametrize(
    ("name", "dtype", "expected"),
    [
        (
            "array",
            np.float32,
            r"dataset /array: expected float32 of shape \('N', 3\), found int32 of shape \(2, 3\)",
        ),
        ("flat", np.int32, r"flat: expected two axes, found shape \(6,\)"),
        (
            "unchecked",
            np.int32,
            r"dataset /unchecked: expected chunks with the filters \[3\], found chunks with \[\], as other HDF5 tools "
            "store it",
        ),
    ],
)
def test_another_kind_of_array_is_refused(file: h5py.File, name: str, dtype: type, expected: str) -> None:
    with pytest.raises(ValueError, match=f"^{expected}$"):
        attributes.read_array(file, name, np.dtype(dtype))
