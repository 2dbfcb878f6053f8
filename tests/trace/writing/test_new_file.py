"""A new file has its name only once it can be opened, and never takes another's place unasked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import h5py
import pytest

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.hdf5.superblock import SIGNATURE
from sparsey_trace.trace.writing.new_file import NewFile

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("durable", [False, True])
def test_it_gets_its_name_when_it_is_published(tmp_path: Path, *, durable: bool) -> None:
    path = tmp_path / "run.h5"
    new = NewFile(path, overwrite=False, durable=durable)
    new.in_memory["kept"] = 1
    assert list(tmp_path.iterdir()) == []
    with new.write() as file:
        (partial,) = tmp_path.iterdir()
        assert re.fullmatch(r"\.run\.h5\.[0-9a-f]{16}\.partial", partial.name)
        offset = new.offset_of(b"kept")
        new.publish()
        assert [found.name for found in tmp_path.iterdir()] == ["run.h5"]
        assert list(file) == ["kept"]
    assert path.read_bytes()[offset:].startswith(b"kept")
    with h5py.File(path) as file:
        assert list(file) == ["kept"]


def test_what_dead_writers_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    path, number = tmp_path / "run.h5", "0123456789abcdef"
    dead = NewFile(path, overwrite=False, durable=False)
    dead.write().close()
    (tmp_path / f".run.h5.{number}.partial").touch()
    theirs = {
        f".run.h5.{number[::-1]}.partial": b"precious",
        f".other.h5.{number}.partial": SIGNATURE,
        ".run.h5.partial": SIGNATURE,
    }
    for name, content in theirs.items():
        (tmp_path / name).write_bytes(content)
    link = tmp_path / ".run.h5.aaaaaaaaaaaaaaaa.partial"
    link.symlink_to(".run.h5.partial")
    NewFile(path, overwrite=False, durable=False).write().close()
    (new,) = {found.name for found in tmp_path.iterdir()} - {*theirs, link.name}
    assert re.fullmatch(r"\.run\.h5\.[0-9a-f]{16}\.partial", new)
    assert {name: (tmp_path / name).read_bytes() for name in theirs} == theirs


def test_discarded_it_leaves_nothing(tmp_path: Path) -> None:
    new = NewFile(tmp_path / "run.h5", overwrite=False, durable=False)
    new.discard()
    new = NewFile(tmp_path / "run.h5", overwrite=False, durable=False)
    new.write().close()
    new.discard()
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_stays_unless_it_may_go(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    path.write_text("precious")
    with pytest.raises(TraceError, match="expected no file there, found one; choose another name"):
        NewFile(path, overwrite=False, durable=False)
    NewFile(path, overwrite=True, durable=False).write().close()
    assert path.read_text() == "precious"
    with pytest.raises(TraceError, match=re.escape(f"{tmp_path}: expected no file there, found a folder")):
        NewFile(tmp_path, overwrite=True, durable=False)
    with pytest.raises(FileNotFoundError):
        NewFile(tmp_path / "none/run.h5", overwrite=False, durable=False).write()
