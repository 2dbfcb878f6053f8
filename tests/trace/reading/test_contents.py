"""What a trace holds is known again where its file was moved or grew, and not where it was edited."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import h5py
import hdf5plugin  # noqa: F401 - registers the Zstd filter with HDF5
import pytest

from sparsey_trace.trace.format import schema
from sparsey_trace.trace.hdf5 import chunk_codec
from sparsey_trace.trace.hdf5.local_file import LocalFile
from sparsey_trace.trace.reading import contents
from sparsey_trace.trace.reading.contents import Contents
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.cli.commands import write_trace
from tests.trace.feed import LAYOUT, ROOT, feed
from tests.trace.ranks import RANKS, append, name_of, part_of

if TYPE_CHECKING:
    from pathlib import Path


DIGITS = ROOT / "sample_traces" / "digits.h5"


def held(*paths: Path) -> dict[str, Any] | None:
    with open_trace(paths) as trace:
        return Contents(trace).now()


def has(known: Any, *paths: Path) -> bool:
    with open_trace(paths) as trace:
        return Contents(trace).has(known)


@pytest.fixture(params=["times that tell", "times that are too fresh to tell"])
def times(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a file may be known by its times."""
    if request.param == "times that tell":
        monkeypatch.setattr(contents, "_SETTLED_NS", -(10**12))


@pytest.mark.usefixtures("times")
def test_a_file_that_was_copied_or_touched_holds_what_it_held(tmp_path: Path) -> None:
    path = write_trace(tmp_path / "run.h5")
    known = held(path)
    assert has(known, path)
    os.utime(path, ns=(0, 0))
    assert has(known, path)
    shutil.copy(path, tmp_path / "other.h5")
    assert has(known, tmp_path / "other.h5")


@pytest.mark.usefixtures("times")
@pytest.mark.parametrize(
    "name",
    ["samples/label", "samples/epoch", "inputs", "layers/0/codes", "layers/1/active", "layers/1/connections"],
)
def test_a_value_that_was_edited_is_found_whatever_the_times_say(tmp_path: Path, name: str) -> None:
    path = write_trace(tmp_path / "run.h5")
    known, before = held(path), path.stat()
    with h5py.File(path, "r+") as file:
        values = file[name][:]
        values.flat[0] ^= 1
        file[name][:] = values
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not has(known, path)


@pytest.mark.parametrize("known", [None, {}, [], {"held": None}, {"held": {"files": [{}]}}, {"looks": None}])
def test_nonsense_is_not_what_it_holds(tmp_path: Path, known: Any) -> None:
    assert not has(known, write_trace(tmp_path / "run.h5"))


def test_a_trace_that_grows_begins_with_all_that_it_ever_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "_CHUNK_BYTES", 1)
    path, seen = tmp_path / "run.h5", []
    with TraceWriter(path, LAYOUT) as writer:
        for start in range(0, 45, 5):
            feed(writer, 0, range(start, start + 5))
            writer.commit()
            seen.append(held(path))
            assert [has(known, path) for known in seen] == [True] * len(seen)
    assert [has(known, path) for known in seen] == [True] * len(seen)
    counts = [next(iter(known["held"]["files"].values())) for known in seen]
    assert any(0 < one["in_chunks"] < one["samples"] for one in counts)
    with h5py.File(path, "r+") as file:
        file["samples/label"][counts[2]["samples"]] = 77
    assert [has(known, path) for known in seen] == [True] * 3 + [False] * (len(seen) - 3)


def test_files_of_one_run_are_each_looked_at(tmp_path: Path) -> None:
    paths, seen = [tmp_path / name_of(rank, 0) for rank in range(RANKS)], []
    writers = [TraceWriter(path, LAYOUT, part=part_of(rank, 0, 0)) for rank, path in enumerate(paths)]
    for start in range(0, 16, 4):
        for rank, writer in enumerate(writers):
            append(writer, rank, range(start, start + 4))
            writer.commit()
        seen.append(held(*paths))
    for writer in writers:
        writer.close()
    assert [has(known, *paths) for known in seen] == [True] * 4
    with h5py.File(paths[1], "r+") as file:
        file["layers/0/codes"][0] = 0
    assert [has(known, *paths) for known in seen] == [False] * 4


def test_it_takes_little_to_know_it(monkeypatch: pytest.MonkeyPatch) -> None:
    read, found = LocalFile.read, []

    def counted(*arguments: Any) -> bytes:
        found.append(read(*arguments))
        return found[-1]

    with open_trace(DIGITS) as trace:
        monkeypatch.setattr(LocalFile, "read", counted)
        for codec in (chunk_codec.ZSTD, chunk_codec.QUICK_ZSTD, chunk_codec.DEFLATE):
            monkeypatch.setattr(codec, "decompress", pytest.fail)
        known = Contents(trace).now()
        assert Contents(trace).has(known)
    assert 0 < sum(map(len, found)) < DIGITS.stat().st_size / 10


def test_what_cannot_be_read_is_not_known(tmp_path: Path) -> None:
    path = write_trace(tmp_path / "run.h5")
    known = held(path)
    with h5py.File(path, "r+") as file:
        file["inputs"].resize(0, axis=0)
        file["inputs"].resize(32, axis=0)
    assert held(path) is None
    assert not has(known, path)


def test_a_run_that_was_resumed_begins_with_what_it_was(parts: list[Path]) -> None:
    before = [held(*parts[::3]), held(parts[0])]
    assert has(before[0], *parts)
    assert not has(before[1], *parts), "one rank's samples are others than those of both"
    with open_trace(parts, complete_steps=True) as trace:
        assert not Contents(trace).has(before[0]), "steps that one rank lacks are none of its own"
        assert Contents(trace).has(Contents(trace).now())
