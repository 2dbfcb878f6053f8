"""A file is there whole or not at all, and what can't be written is named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sparsey_trace.errors import OutputError
from sparsey_trace.support.writing import PartialFile, remove_partials, whole, write_whole, writing

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_takes_its_path_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "made"
    path.write_bytes(b"earlier")
    with whole(path) as partial:
        partial.write_bytes(b"whole")
        assert path.read_bytes() == b"earlier"
    assert [(found.name, found.read_bytes()) for found in tmp_path.iterdir()] == [("made", b"whole")]
    write_whole(path, b"again")
    assert [(found.name, found.read_bytes()) for found in tmp_path.iterdir()] == [("made", b"again")]


def test_a_folder_takes_its_path_when_it_is_whole(tmp_path: Path) -> None:
    with whole(tmp_path / "made") as partial:
        partial.mkdir()
        (partial / "inside").write_bytes(b"x")
    assert [found.name for found in tmp_path.rglob("*")] == ["made", "inside"]


@pytest.mark.parametrize("kind", ["nothing", "file", "folder"])
def test_after_an_error_nothing_is_left(tmp_path: Path, kind: str) -> None:
    (tmp_path / "made").write_bytes(b"earlier")

    def fail(partial: Path) -> None:
        if kind == "file":
            partial.write_bytes(b"half")
        if kind == "folder":
            partial.mkdir()
            (partial / "inside").write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), whole(tmp_path / "made") as partial:
        fail(partial)
    assert [(found.name, found.read_bytes()) for found in tmp_path.iterdir()] == [("made", b"earlier")]


def test_two_that_make_the_same_file_are_not_in_each_others_way(tmp_path: Path) -> None:
    one, other = PartialFile(tmp_path / "made"), PartialFile(tmp_path / "made")
    one.partial.write_bytes(b"one")
    other.partial.write_bytes(b"other")
    one.discard()
    other.publish()
    assert [(found.name, found.read_bytes()) for found in tmp_path.iterdir()] == [("made", b"other")]


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none" / "made"
    named = rf"^{re.escape(str(path))}: expected to write results there, found: \[Errno 2\] "
    with pytest.raises(OutputError, match=named):
        write_whole(path, b"")
    inner = OutputError("said already")
    with pytest.raises(OutputError, match=r"^said already$"), writing(path):
        raise inner


def test_a_file_is_made_anew_beside_its_path(tmp_path: Path) -> None:
    file = PartialFile(tmp_path / "x.txt")
    (tmp_path / "theirs").write_text("precious")
    file.partial.symlink_to("theirs")
    with pytest.raises(FileExistsError):
        file.create()
    file.discard()
    with file.create() as stream:
        stream.write(b"mine")
    file.publish()
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {"theirs": "precious", "x.txt": "mine"}


def test_a_link_in_its_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("precious")
    for target in ("theirs", "none"):
        (tmp_path / "x.txt").unlink(missing_ok=True)
        (tmp_path / "x.txt").symlink_to(target)
        write_whole(tmp_path / "x.txt", b"mine")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "theirs": "precious",
        "x.txt": "mine",
    }


def test_names_as_long_as_any(tmp_path: Path) -> None:
    for name in ("x" * 255, "ä" * 127 + "x"):
        write_whole(tmp_path / name, b"mine")
        with PartialFile(tmp_path / name).create() as stream:
            stream.write(b"half")
        remove_partials(tmp_path, b"half", name=name)  # by its name it isn't known again
    assert len(list(tmp_path.iterdir())) == 4
    remove_partials(tmp_path, b"half")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"mine"] * 2


def test_only_what_was_left_half_made_is_removed(tmp_path: Path) -> None:
    ours = {name: PartialFile(tmp_path / name).partial for name in ("a.parquet", "b.parquet", "c.table")}
    for path in ours.values():
        path.write_bytes(b"PAR1 and more")
    number = "0123456789abcdef"
    strange = {
        f".a.parquet.{number}.partial": b"precious",
        f".a.parquet.{number}": b"PAR1",
        f"a.parquet.{number}.partial": b"PAR1",
        f".a.parquet.{number[:-1]}.partial": b"PAR1",
        ".a.parquet.download.partial": b"PAR1",
        f".{number}.partial": b"PAR1",
    }
    for name, content in strange.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / f".d.parquet.{number}.partial").symlink_to(ours["c.table"])
    (tmp_path / f".e.parquet.{number}.partial").mkdir()
    kept = {path.name for path in tmp_path.iterdir()} - {ours["a.parquet"].name, ours["b.parquet"].name}
    remove_partials(tmp_path, b"PAR1", name="a.parquet")
    assert not ours["a.parquet"].exists()
    assert ours["b.parquet"].exists()
    remove_partials(tmp_path, b"PAR1", ending=".parquet")
    assert {path.name for path in tmp_path.iterdir()} == kept
