"""A short trace that was closed has no space for a tail, and is what it was in all else."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from sparsey_trace.support.writing import PartialFile
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.run_part import RunPart
from sparsey_trace.trace.format.trace_origin import TraceOrigin
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.rescue.validate import validate
from sparsey_trace.trace.writing import closed_file
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, check, feed, sent

if TYPE_CHECKING:
    from pathlib import Path

STEPS = 20


def write(path: Path, *, steps: int = STEPS, **options: Any) -> os.stat_result:
    """Write a run with commits, drops and losses; what the system said of its file before it was closed."""
    with TraceWriter(path, LAYOUT, config={"lr": 1}, **options) as writer:
        for first in range(0, steps, 10):
            feed(writer, 0, range(first, first + 10))
            writer.commit()
        writer.note_drops([steps], ["lost"])
        writer.note_next_step(steps + 7)
        writer.note_losses({"passes": steps + 1, "steps": steps, "drops": 1})
        return path.stat()


def all_of(path: Path) -> dict[str, Any]:
    """By path, what HDF5 reads of each dataset but the tail's, and all attributes but references."""
    found: dict[str, Any] = {}

    def look(name: str, item: h5py.Group | h5py.Dataset) -> None:
        said = {key: value for key, value in item.attrs.items() if not key.endswith("_LIST")}
        values = item[()].tobytes() if isinstance(item, h5py.Dataset) and "tail" not in name else b""
        found[name] = (values, {key: np.asarray(value).tobytes() for key, value in said.items()})

    with h5py.File(path) as file:
        look("/", file)
        file.visititems(look)
    return found


def tail_bytes(path: Path) -> int:
    with h5py.File(path) as file:
        paths = [f"{schema.TAIL}/{column.path}" for column in schema.columns(LAYOUT, "binary")]
        return sum(file[name].id.get_storage_size() for name in (*paths, schema.CHECKSUMS))


@pytest.mark.parametrize("chunk_bytes", [1, 1 << 20], ids=["several chunks", "less than a chunk"])
def test_it_is_what_it_was_without_the_tail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int
) -> None:
    monkeypatch.setattr(schema, "_CHUNK_BYTES", chunk_bytes)
    long, short, origin = tmp_path / "long.h5", tmp_path / "short.h5", TraceOrigin.here()
    with monkeypatch.context() as patch:
        patch.setattr(closed_file, "_WORTH", 0)
        write(long, origin=origin)
    before = write(short, origin=origin)
    assert (tail_bytes(short), short.stat().st_mode) == (0, before.st_mode)
    assert short.stat().st_size <= long.stat().st_size - tail_bytes(long)
    assert all_of(short) == all_of(long)
    validate(short)
    with open_trace(short) as trace:
        check(trace, sent(0, STEPS))
        assert (trace.closed, trace.drop_reasons, trace.losses["drops"]) == (True, {STEPS: "lost"}, 1)
        assert trace.files[0].next_step == STEPS + 7
    assert sorted(path.name for path in tmp_path.iterdir()) == ["long.h5", "short.h5"]


def test_whoever_is_killed_leaves_the_one_or_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, seen, publish = tmp_path / "run.h5", tmp_path / "seen", PartialFile.publish

    def follow(file: PartialFile) -> None:
        if path.exists() and not seen.exists():
            shutil.copytree(tmp_path, seen)
        publish(file)

    monkeypatch.setattr(PartialFile, "publish", follow)
    write(path)
    left, made = seen / "run.h5", next(seen.glob(".run.h5.*.partial"))
    assert made.read_bytes() == path.read_bytes() != left.read_bytes()
    with open_trace(left) as trace:
        check(trace, sent(0, STEPS))
        assert trace.closed
    # What is left beside it goes when the run is recorded again.
    write(left, overwrite=True)
    assert [item.name for item in seen.iterdir()] == ["run.h5"]


def test_who_reads_it_meanwhile_goes_along(tmp_path: Path) -> None:
    path, expected = tmp_path / "run.h5", sent(0, STEPS)
    with TraceWriter(path, LAYOUT) as writer:
        feed(writer, 0, range(10))
        writer.commit()
        reader, other = open_trace(path), open_trace(path)
        feed(writer, 0, range(10, STEPS))
    before = len(other)
    with reader, other:
        assert reader.refresh() == len(expected["step"]) > before
        check(reader, expected)
        assert reader.closed
        assert not other.closed
        np.testing.assert_array_equal(other.inputs[:], expected["inputs"][:before])


def make_link(path: Path) -> None:
    path.rename(path.with_name("other.h5"))
    path.symlink_to("other.h5")


def make_second_name(path: Path) -> None:
    os.link(path, path.with_name("other.h5"))


@pytest.mark.parametrize("deed", [make_link, make_second_name])
def test_other_names_of_it_stay_its_names(tmp_path: Path, deed: Any) -> None:
    path = tmp_path / "run.h5"
    with TraceWriter(path, LAYOUT) as writer:
        feed(writer, 0, range(STEPS))
        deed(path)
    assert path.samefile(tmp_path / "other.h5")
    with open_trace(tmp_path / "other.h5") as trace:
        check(trace, sent(0, STEPS))
        assert trace.closed


def fail(*_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("why", "options"),
    [("many ranks", {"part": RunPart(num_ranks=17)}), ("much beside the tail", {}), ("a full disk", {})],
)
def test_where_it_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str, options: dict[str, Any]
) -> None:
    if why == "much beside the tail":
        monkeypatch.setattr(closed_file, "_WORTH", 1)
        monkeypatch.setattr(schema, "_CHUNK_BYTES", 1)
    if why == "a full disk":
        monkeypatch.setattr(os, "fsync", fail)
    path = tmp_path / "run.h5"
    assert write(path, **options).st_ino == path.stat().st_ino
    assert tail_bytes(path) > 0
    assert [item.name for item in tmp_path.iterdir()] == ["run.h5"]
    with open_trace(path, missing_ranks="allow") as trace:
        assert (trace.closed, len(trace)) == (True, len(sent(0, STEPS)["step"]))
