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


def test_what_a_dead_program_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in ("a.parquet", "b.csv"):
        PartialFile(tmp_path / name).partial.write_bytes(b"half")
        (tmp_path / name).write_bytes(b"whole")
    remove_partials(tmp_path, ".parquet")
    assert len(list(tmp_path.glob(".b.csv.*"))) == 1
    assert not list(tmp_path.glob(".a.parquet.*"))
    remove_partials(tmp_path)
    assert {found.name for found in tmp_path.iterdir()} == {"a.parquet", "b.csv"}


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none" / "made"
    named = rf"^{re.escape(str(path))}: expected to write results there, found: \[Errno 2\] "
    with pytest.raises(OutputError, match=named):
        write_whole(path, b"")
    inner = OutputError("said already")
    with pytest.raises(OutputError, match=r"^said already$"), writing(path):
        raise inner
