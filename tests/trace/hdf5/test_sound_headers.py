"""A header that was found sound is not taken to HDF5 again; one that differs in a byte is."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from sparsey_trace.trace.hdf5 import guarded, sound_headers
from sparsey_trace.trace.hdf5.attribute_messages import by_name
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


@pytest.mark.parametrize("number", [1, 12], ids=["beside the header", "in dense storage"])
def test_an_attribute_of_the_same_message_is_read_once(tmp_path: Path, number: int, asked: list[str]) -> None:
    def write(path: Path, rank: int) -> Path:
        with h5py.File(path, "w", libver=("v110", "v110")) as file:
            file.attrs["rank"] = rank
            for other in range(number - 1):
                file.attrs[f"other{other}"] = np.bytes_(f"text {other}")
        return path

    def read(group: h5py.Group, name: str) -> object:
        asked.append(name)
        return group.attrs[name]

    def found(path: Path) -> list[object]:
        with opened(path) as file:
            names = sorted(file.attrs)
            assert sorted(file.attributes) == names
            assert len(names) == number
            return [sound_headers.of_attribute(file, name, read) for name in names]

    paths = [write(tmp_path / f"{rank}.h5", rank) for rank in (0, 1, 0)]
    assert [found(path)[-1] for path in paths] == [0, 1, 0]
    assert asked.count("rank") == 2
    assert len(asked) == number + 1


def test_attributes_that_one_name_has_twice_are_asked_of_hdf5() -> None:
    one, other, third = (
        b"\3\0" + len(name).to_bytes(2, "little") + bytes(5) + name + b"\0" * 8
        for name in (b"a\0", b"b\0", b"a\0")
    )
    assert list(by_name([one, other, third])) == ["b"]
    assert by_name([b"\1" + one[1:]]) == {}
