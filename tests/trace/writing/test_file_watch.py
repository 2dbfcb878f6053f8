"""What other programs do to a file while it is written is noticed at the next chunk, commit or close, and said."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.rescue.repair import repair
from sparsey_trace.trace.rescue.validate import validate
from sparsey_trace.trace.writing import file_watch
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, check_file, feed, sent, write_closed

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = 20
LEFT = "expected the file that is written to be there as it was left, found it "
REMOVED = LEFT + r"removed or replaced; what is in no copy of it is gone"
OVERWRITTEN = LEFT + r"written over by another program; what it held is gone"
SHORTENED = (
    LEFT
    + r"shortened by another program from [\d,]+ to [\d,]+ bytes; `sparsey-trace repair` gets what can be had of it"
)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of 64 samples."""
    monkeypatch.setattr(schema, "_CHUNK_BYTES", 1)


@pytest.fixture
def writer(tmp_path: Path) -> TraceWriter:
    """One that has committed 20 steps."""
    folder = tmp_path / "runs"
    folder.mkdir()
    writer = TraceWriter(folder / "run.h5", LAYOUT)
    feed(writer, 0, range(STEPS))
    writer.commit()
    return writer


def other(path: Path) -> Path:
    """Another trace, that is longer."""
    made = path.with_name("other.h5")
    made.write_bytes(_bytes_of_another())
    return made


@cache
def _bytes_of_another() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return write_closed(Path(folder) / "other.h5", steps=10 * STEPS).read_bytes()


def replace(path: Path, by: Path) -> None:
    by.replace(path)


def copy_over(path: Path) -> None:
    """What `cp OTHER RUN` does: the file stays the same one."""
    with path.open("r+b") as stream:
        stream.truncate()
        stream.write(other(path).read_bytes())


def move_to_a_copy(path: Path) -> None:
    """What `mv` does, to another file system."""
    shutil.copyfile(path, path.with_name("copy.h5"))
    path.unlink()


def append_bytes(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"x" * 10_000)


def lead_elsewhere(path: Path) -> None:
    path.with_name("link").symlink_to(other(path))
    replace(path, path.with_name("link"))


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "shortened": (lambda path: os.truncate(path, path.stat().st_size * 9 // 10), SHORTENED),
    "shortened by a byte": (lambda path: os.truncate(path, path.stat().st_size - 1), SHORTENED),
    "emptied": (lambda path: os.truncate(path, 0), SHORTENED),
    "copied over": (copy_over, OVERWRITTEN),
    "removed": (lambda path: path.unlink(), REMOVED),
    "removed with its folder": (lambda path: shutil.rmtree(path.parent), REMOVED),
    "removed and made again": (lambda path: (path.unlink(), path.touch()), REMOVED),
    "replaced": (lambda path: replace(path, other(path)), REMOVED),
    "replaced by a link": (lead_elsewhere, REMOVED),
    "replaced by a link to nothing": (lambda path: (path.unlink(), path.symlink_to("nothing")), REMOVED),
    "moved to another disk": (move_to_a_copy, REMOVED),
    "removed, where others see it until it is closed": (
        lambda path: path.rename(path.with_name(".nfs00000000000c12f300000001")),
        REMOVED,
    ),
}


def add_chunks(writer: TraceWriter) -> None:
    feed(writer, 0, range(STEPS, 3 * STEPS))
    writer.commit()


def add_a_step(writer: TraceWriter) -> None:
    feed(writer, 0, range(STEPS, STEPS + 1))
    writer.commit()


THEN = {"chunks": add_chunks, "step": add_a_step, "commit": TraceWriter.commit, "close": TraceWriter.close}


@pytest.mark.parametrize("then", THEN)
@pytest.mark.parametrize("deed", SPOILT)
def test_what_is_spoilt_holds_no_promise(writer: TraceWriter, deed: str, then: str) -> None:
    do, found = SPOILT[deed]
    do(writer.path)
    with pytest.raises(TraceError, match=rf"^{re.escape(str(writer.path))}: {found}$"):
        THEN[then](writer)
    assert writer.num_committed == 0
    writer.close()
    assert not writer.path.with_name("run.h5.lock").exists()


MOVED: dict[str, tuple[Callable[[Path], object], str]] = {
    "renamed": (lambda path: path.rename(path.with_name("b.h5")), "b.h5"),
    "renamed, and another is there": (
        lambda path: (path.rename(path.with_name("b.h5")), path.touch()),
        "b.h5",
    ),
    "in a folder that was renamed": (
        lambda path: path.parent.rename(path.parent.with_name("moved")),
        "../moved/run.h5",
    ),
}


@pytest.mark.parametrize("then", THEN)
@pytest.mark.parametrize("deed", MOVED)
def test_what_is_moved_is_safe_where_it_is(writer: TraceWriter, deed: str, then: str) -> None:
    do, name = MOVED[deed]
    do(writer.path)
    place = Path(os.path.normpath(writer.path.parent / name))
    with pytest.raises(TraceError) as caught:
        THEN[then](writer)
    assert (
        str(caught.value)
        == f"{writer.path}: expected the file that is written to be there, found it moved to {place}"
    )
    assert writer.num_committed == writer.num_samples
    assert check_file(place, sent(0, 3 * STEPS)) == writer.num_samples
    with open_trace(place) as trace:
        assert trace.closed is (then == "close")
    validate(place)


def test_what_has_a_second_name_is_safe_under_it(writer: TraceWriter) -> None:
    second = writer.path.with_name("second.h5")
    second.hardlink_to(writer.path)
    add_a_step(writer)
    writer.path.unlink()
    with pytest.raises(TraceError, match=r"found it moved to a name that this system doesn't tell$"):
        writer.close()
    assert check_file(second, sent(0, STEPS + 1), at_least=writer.num_samples) == writer.num_samples


def test_where_the_system_says_nothing(writer: TraceWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_watch, "_name_of", lambda _: None)
    writer.path.rename(writer.path.with_name("moved.h5"))
    with pytest.raises(TraceError, match=r"found it moved to a name that this system doesn't tell$"):
        writer.commit()


HARMLESS: dict[str, Callable[[Path], object]] = {
    "a link in its place that leads to it": lambda path: (
        path.rename(path.with_name("moved.h5")),
        path.symlink_to("moved.h5"),
    ),
    "a folder that is elsewhere, with a link in its place": lambda path: (
        path.parent.rename(path.parent.with_name("moved")),
        path.parent.symlink_to("moved"),
    ),
    "moved and brought back": lambda path: path.rename(path.with_name("b.h5")).rename(path),
    "a second name": lambda path: path.with_name("second.h5").hardlink_to(path),
    "touched": lambda path: os.utime(path, (0, 0)),
    "other rights": lambda path: path.chmod(0o400),
    "longer": lambda path: os.truncate(path, path.stat().st_size + 10_000),
    "other bytes behind it": append_bytes,
}


@pytest.mark.parametrize("deed", HARMLESS)
def test_what_changes_nothing_is_no_error(writer: TraceWriter, deed: str) -> None:
    HARMLESS[deed](writer.path)
    add_chunks(writer)
    assert check_file(writer.path, sent(0, 3 * STEPS)) == writer.num_samples
    validate(writer.path)
    writer.close()
    validate(writer.path)


def test_repair_gets_what_is_left_of_one_that_was_shortened(writer: TraceWriter) -> None:
    add_chunks(writer)
    writer.commit()
    os.truncate(writer.path, writer.path.stat().st_size - 2000)
    with pytest.raises(TraceError, match="found it shortened by another program"):
        writer.commit()
    found = repair(writer.path, writer.path.with_name("repaired.h5"))
    assert 0 < found.kept < found.committed == writer.num_samples
    assert any("isn't" in loss for loss in found.losses)
    with open_trace(writer.path.with_name("repaired.h5")) as trace:
        assert set(trace.samples.step[:]) < set(sent(0, 3 * STEPS)["step"])
