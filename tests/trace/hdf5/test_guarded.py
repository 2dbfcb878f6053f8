"""What leads out of a file, or round in circles, is refused before HDF5 follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from sparsey_trace.trace.hdf5 import guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Iterator[h5py.File]:
    with h5py.File(tmp_path / "file.h5", "w", libver=("v110", "v110")) as file:
        file["known/inner/values"] = np.arange(5)
        file["other/values"] = np.arange(5)
        yield file


def check(file: h5py.File) -> None:
    file.flush()
    guarded.check_links(file, lambda path: path.rpartition("/")[2] in ("known", "inner", "again"))


def test_groups_with_datasets_pass(file: h5py.File) -> None:
    check(file)


LINKS: dict[str, tuple[Callable[[h5py.File], object], str]] = {
    "a soft link": (
        lambda _: h5py.SoftLink("/known"),
        "expected something of this file, found a link to elsewhere",
    ),
    "an external one": (
        lambda _: h5py.ExternalLink("other.h5", "/"),
        "expected something of this file, found a link to elsewhere",
    ),
    "a circle": (lambda file: file["known"], "expected a group of its own, found something else"),
    "a dataset": (lambda file: file["other/values"], "expected a group of its own, found something else"),
}


@pytest.mark.parametrize(("target", "expected"), LINKS.values(), ids=LINKS)
def test_links(file: h5py.File, target: Callable[[h5py.File], object], expected: str) -> None:
    file["known/inner/again"] = target(file)
    with pytest.raises(ValueError, match=f"/known/inner/again'?: {expected}$"):
        check(file)


def test_groups_that_are_not_read_may_hold_anything(file: h5py.File) -> None:
    file["other/again"] = h5py.ExternalLink("other.h5", "/")
    check(file)


def test_one_piece_has_to_be_in_the_file(file: h5py.File) -> None:
    file.flush()
    size = guarded.file_size(file)
    values = guarded.open_dataset(file, "known/inner/values")
    assert guarded.check_contiguous(values, size) == 5 * 8
    with pytest.raises(ValueError, match="expected 40 bytes in the file, found that they aren't there"):
        guarded.check_contiguous(values, values.id.get_offset() + 39)
    file.create_dataset("chunked", data=np.arange(5), chunks=(5,))
    file.flush()
    with pytest.raises(ValueError, match="expected one piece, found chunks"):
        guarded.check_contiguous(guarded.open_dataset(file, "chunked"), size)


def test_dtypes_that_hdf5_would_convert_are_others(file: h5py.File) -> None:
    file.create_dataset("big", data=np.arange(5), dtype=">i8")
    file.flush()
    guarded.check_dtype(guarded.open_dataset(file, "known/inner/values"), np.dtype(np.int64), ())
    for name, dtype in (("big", np.int64), ("known/inner/values", np.int32)):
        with pytest.raises(ValueError, match=rf"^dataset /{name}: expected {np.dtype(dtype)} of shape "):
            guarded.check_dtype(guarded.open_dataset(file, name), np.dtype(dtype), ())


def test_links_that_nothing_needs(file: h5py.File) -> None:
    file["known/more"] = h5py.SoftLink("/known")
    file["more"] = h5py.ExternalLink("other.h5", "/")
    check(file)
    assert guarded.has_link(file["known"], "more")
    with pytest.raises(
        ValueError, match=r"^known/more: expected something of this file, found a link to elsewh"
    ):
        guarded.open_dataset(file, "known/more")
