"""A header that was found sound is not taken to HDF5 again; one that differs in a byte is."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from sparsey_trace.trace.hdf5 import guarded, sound_headers
from sparsey_trace.trace.hdf5.read_file import ReadFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file.h5"
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        file["group/values"] = np.arange(5)
        file["group"].attrs["number"] = 3
        file.create_dataset("others", data=np.arange(7), chunks=(7,))
    return path


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_headers, "_known", {})


def opened(path: Path) -> ReadFile:
    file = ReadFile(path, locking=False)
    sound_headers.see_groups(file, guarded.check_links(file, lambda name: name == "/group"))
    return file


@pytest.fixture
def asked() -> list[str]:
    """Each time that HDF5 was asked."""
    return []


def look(path: Path, asked: list[str]) -> Iterator[object]:
    with opened(path) as file:
        yield sound_headers.checked(
            file, "group/values", "shape", lambda found: asked.append("a") or found.shape
        )[0]
        yield sound_headers.checked(file, "others", "shape", lambda found: asked.append("b") or found.shape)[
            0
        ]
        yield sound_headers.of_group(
            file, "group", "n", lambda found: asked.append("c") or found.attrs["number"]
        )


def test_of_the_same_bytes_hdf5_is_asked_once(path: Path, asked: list[str]) -> None:
    other = shutil.copy(path, path.with_name("other.h5"))
    for one in (path, other, path):
        assert list(look(one, asked)) == [(5,), (7,), 3]
    assert asked == ["a", "b", "c"]
    with opened(path) as file:
        found, _, _ = sound_headers.checked(file, "others", "chunks", lambda found: found.chunks)
        assert found == (7,)


@pytest.mark.parametrize(("name", "again"), [("group/values", ["a"]), ("group", ["c"])])
def test_a_header_that_differs_is_asked_of_again(
    path: Path, name: str, again: list[str], asked: list[str]
) -> None:
    list(look(path, asked))
    asked.clear()
    with h5py.File(path, "r") as file:
        place = file.id.links.get_info(name.encode()).u
    content = bytearray(path.read_bytes())
    # In its messages, whose checksum is wrong then.
    content[place + 30] ^= 1
    path.write_bytes(content)
    with pytest.raises((ArithmeticError, KeyError, RuntimeError, ValueError)):
        list(look(path, asked))
    assert asked == [one for one in asked if one not in again]


def test_while_it_is_written_nothing_is_remembered(path: Path, asked: list[str]) -> None:
    with h5py.File(path, "r+", libver=("v110", "v110"), locking=False) as writer:
        writer.swmr_mode = True
        for _ in range(2):
            with ReadFile(path, swmr=True, locking=False) as file:
                sound_headers.checked(file, "others", "shape", lambda found: asked.append("b") or found.shape)
    assert asked == ["b", "b"]
