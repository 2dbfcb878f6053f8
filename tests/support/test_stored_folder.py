"""A folder at a URL is there whole or not at all, whoever is interrupted, and however many write."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sparsey_trace.errors import OutputError, TraceError, UsageError
from sparsey_trace.support.stored_folder import StoredFolder
from tests.buckets import in_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

URL = "memory://stored/run.metrics"
ROOT = "/stored/run.metrics"


@pytest.fixture
def memory() -> Iterator[Any]:
    """A store, empty before and after."""
    with in_memory() as store:
        yield store


def folder_of(path: Path, **files: str) -> Path:
    path.mkdir(parents=True)
    for name, content in files.items():
        (path / name).write_text(content)
    return path


def brought(path: Path) -> dict[str, str]:
    """What is at the URL, by name."""
    if StoredFolder(URL).bring(path) is None:
        return {}
    return {file.relative_to(path).as_posix(): file.read_text() for file in path.rglob("*") if file.is_file()}


def snapshots(memory: Any) -> list[str]:
    return [name for name in memory.ls(ROOT, detail=False) if not name.endswith("manifest.json")]


def test_what_was_here_is_there_and_comes_back(memory: Any, tmp_path: Path) -> None:
    here = folder_of(tmp_path / "here", a="1", b="22", locked="")
    (here / "locked").rename(here / ".x.lock")
    (here / ".kept" / "deep").mkdir(parents=True)
    os.link(here / "b", here / ".kept" / "deep" / "same")
    os.utime(here / "a", ns=(5, 1_234_567_890_123_456_789))
    assert brought(tmp_path / "nothing") == {}
    where = StoredFolder(URL + "/").publish(here)
    assert where == f"memory://{snapshots(memory)[0]}".replace("memory:///", "memory://")
    # The same file is stored once, and is one file again.
    assert len(memory.find(ROOT)) == 3
    there = tmp_path / "there"
    assert brought(there) == {"a": "1", "b": "22", ".kept/deep/same": "22"}
    assert (there / "b").samefile(there / ".kept" / "deep" / "same")
    assert (there / "a").stat().st_mtime_ns == 1_234_567_890_123_456_789
    # Nothing new: nothing is written. Something new: what was there goes.
    assert StoredFolder(URL).publish(there) == where
    (there / "a").write_text("3")
    assert StoredFolder(URL).publish(there) != where
    assert brought(tmp_path / "again")["a"] == "3"
    assert len(snapshots(memory)) == 1


@pytest.mark.parametrize("stopped", [OSError("no more"), KeyboardInterrupt()])
@pytest.mark.parametrize("at", ["b", "manifest.json"])
def test_an_upload_that_is_interrupted_leaves_what_was_there(
    memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: BaseException, at: str
) -> None:
    StoredFolder(URL).publish(folder_of(tmp_path / "first", a="1", b="1"))
    second = folder_of(tmp_path / "second", a="2", b="2")

    def stopping(real: Callable[..., None]) -> Callable[..., None]:
        def act(*arguments: Any, **options: Any) -> None:
            if str(arguments[0 if at == "manifest.json" else 1]).endswith(at):
                raise stopped
            real(*arguments, **options)

        return act

    with monkeypatch.context() as patched:
        for name in ("put_file", "pipe_file"):
            patched.setattr(memory, name, stopping(getattr(memory, name)))
        with pytest.raises((OutputError, KeyboardInterrupt)) as caught:
            StoredFolder(URL).publish(second)
    if isinstance(caught.value, OutputError):
        assert str(caught.value) == f"{URL}: expected to write results there, found OSError: no more"
    assert brought(tmp_path / "found") == {"a": "1", "b": "1"}
    assert len(snapshots(memory)) == 1


def test_a_manifest_that_was_stored_though_the_answer_was_lost_keeps_what_it_speaks_of(
    memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    StoredFolder(URL).publish(folder_of(tmp_path / "first", a="1"))
    store_it = type(memory).pipe_file

    def loses_the_answer(self: Any, path: str, value: bytes, **how: Any) -> None:
        store_it(self, path, value, **how)
        if path.endswith("manifest.json"):
            raise TimeoutError

    monkeypatch.setattr(type(memory), "pipe_file", loses_the_answer)
    with pytest.raises(OutputError, match="expected to write results there, found TimeoutError"):
        StoredFolder(URL).publish(folder_of(tmp_path / "second", a="2"))
    assert brought(tmp_path / "after") == {"a": "2"}


def test_what_those_left_who_were_killed_goes_after_a_week(memory: Any, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    names = [f"{now - timedelta(days=days):%Y%m%dT%H%M%S}-0123456789abcdef" for days in (0, 6, 8)]
    for name in names:
        memory.pipe_file(f"{ROOT}/{name}/a", b"half")
    assert brought(tmp_path / "nothing") == {}
    stored = StoredFolder(URL)
    stored.check_writable()
    stored.publish(folder_of(tmp_path / "first", a="1"))
    assert brought(tmp_path / "found") == {"a": "1"}
    left = [name.rpartition("/")[2] for name in snapshots(memory)]
    assert [name in left for name in names] == [True, True, False]


def test_of_two_writers_the_last_one_s_counts_whole(
    memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    StoredFolder(URL).publish(folder_of(tmp_path / "before", a="0", b="0"))
    first, second = folder_of(tmp_path / "1", a="1"), folder_of(tmp_path / "2", a="2", b="2")
    real, others = memory.pipe_file, [second]

    def meanwhile(path: str, *rest: Any, **options: Any) -> None:
        # All that another one does, between what this one uploads and its manifest.
        if path.endswith("manifest.json") and others:
            StoredFolder(URL).publish(others.pop())
            assert brought(tmp_path / "between") == {"a": "2", "b": "2"}
        real(path, *rest, **options)

    monkeypatch.setattr(memory, "pipe_file", meanwhile)
    StoredFolder(URL).publish(first)
    assert brought(tmp_path / "found") == {"a": "1"}


def test_a_reader_whose_snapshot_is_replaced_reads_the_next(
    memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    StoredFolder(URL).publish(folder_of(tmp_path / "1", a="1"))
    real, others = memory.get, [folder_of(tmp_path / "2", a="2")]

    def meanwhile(*arguments: Any, **options: Any) -> None:
        if others:
            StoredFolder(URL).publish(others.pop())
        real(*arguments, **options)

    monkeypatch.setattr(memory, "get", meanwhile)
    assert brought(tmp_path / "found") == {"a": "2"}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"name": "../out"}, "ValueError: something else"),
        ({"at": "/etc/passwd"}, "ValueError: something else"),
        ({"size": "1"}, "ValueError: something else"),
        ({"digest": "00"}, "ValueError: a with another content than was written"),
        ({"more": 1}, "ValueError: something else: TypeError: "),
    ],
)
def test_a_manifest_leads_nowhere_else(
    memory: Any, tmp_path: Path, change: dict[str, Any], found: str
) -> None:
    StoredFolder(URL).publish(folder_of(tmp_path / "1", a="1"))
    said = json.loads(memory.cat_file(f"{ROOT}/manifest.json"))
    said["files"][0] |= change
    memory.pipe_file(f"{ROOT}/manifest.json", json.dumps(said).encode())
    with pytest.raises(TraceError) as caught:
        StoredFolder(URL).bring(tmp_path / "found")
    assert str(caught.value).startswith(f"{URL}: expected to read what lies there, found {found}")
    assert not (tmp_path / "out").exists()


def test_where_something_else_lies_nothing_is_written(memory: Any) -> None:
    memory.pipe_file(f"{ROOT}/letters.txt", b"dear")
    with pytest.raises(OutputError) as caught:
        StoredFolder(URL).check_writable()
    assert str(caught.value) == (
        f"{URL}: expected an empty folder, or earlier results, found letters.txt; choose another"
    )
    chained = StoredFolder("simplecache::memory://stored/x")
    with pytest.raises(
        OutputError, match="expected the URL of a folder in a store, found one that leads through"
    ):
        chained.check_writable()
    with pytest.raises(UsageError, match=r"^nosuch://x: expected a URL that fsspec knows, found ValueError"):
        StoredFolder("nosuch://x")
