"""What is no trace, or too damaged to open, is a TraceError of one line that names the file."""

from __future__ import annotations

import ctypes
import os
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
from h5py._objects import phil

from sparsey_trace.errors import TraceError, VersionError
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.hdf5.attributes import fixed_length_text
from sparsey_trace.trace.reading.open_file import close_file, open_file
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.trace.feed import start_writer, write_closed
from tests.trace.reading.refused import message

if TYPE_CHECKING:
    from pathlib import Path


LIBVER = ("v110", "v110")
NO_NUMBER = "expected a whole number, found another kind of attribute"
NO_VERSION = "Unable to synchronously open attribute (can't locate attribute in name index)"
VERSIONED = "expected a sparsey-trace file with a format_version, found:"
TRUNCATED = (
    "expected a whole file, found a truncated one: copy it again, or see what `sparsey-trace repair` can save"
)

OTHER_HDF5 = (
    "expected HDF5 as a trace is written (superblock 3), found another kind (superblock 0), as other tools write it; "
    "if it holds a trace, `sparsey-trace repair OLD -o NEW` rewrites it"
)


def test_files_that_are_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "file.h5"
    assert message(tmp_path / "none.h5") == "expected a trace file, found no such file"
    assert message(tmp_path) == "expected a trace file, found a folder"
    assert message(tmp_path / ("x" * 300)) == "expected a readable file, found: File name too long"
    path.touch()
    assert message(path) == "expected a sparsey-trace file (HDF5), found an empty file"
    assert message(path / "below.h5") == "expected a trace file, found no such file"
    path.write_bytes(b"sample,step\n" * 1000)
    assert message(path) == "expected a sparsey-trace file (HDF5), found a file that isn't HDF5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(1000))
    assert message(path) == OTHER_HDF5
    path.write_bytes(b"\x89HDF\r\n\x1a\n\x03\x08\x08\x00" + bytes(8) + b"\xff" * 8 + bytes(1000))
    assert message(path) == (
        "expected a sparsey-trace file (HDF5), found: its root: expected an object as HDF5 1.10 makes them for a "
        "trace, found another at byte 0"
    )
    os.mkfifo(tmp_path / "pipe")
    assert message(tmp_path / "pipe") == "expected a trace file, found something else"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
def test_a_file_that_may_not_be_read(closed: Path) -> None:
    closed.chmod(0)
    assert message(closed) == "expected a readable file, found no permission to read it"


def test_hdf5_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "other.h5"
    expected = "expected a sparsey-trace file, found HDF5 of another kind"
    with h5py.File(path, "w"):
        pass
    assert message(path) == OTHER_HDF5
    with h5py.File(path, "w", libver=LIBVER) as file:
        pass
    assert message(path) == f"{expected} (it holds: nothing)"
    with h5py.File(path, "w", libver=LIBVER) as file:
        file["weights"] = file["two\nlines"] = np.zeros(3)
    assert message(path) == rf"{expected} (it holds: 'two\nlines', 'weights')"
    with h5py.File(path, "w", libver=LIBVER) as file:
        file.attrs.update(format=fixed_length_text("weights"), format_version=schema.VERSION)
    assert message(path) == "expected a file of the format sparsey-trace, found: format 'weights'"
    with h5py.File(path, "w", libver=LIBVER) as file:
        file.attrs.update(format=["sparsey-trace", "x"], format_version=schema.VERSION)
    assert message(path) == (
        "expected a file of the format sparsey-trace, found: format: expected text of fixed length, found another kind"
    )


def test_one_whose_writer_has_not_begun(tmp_path: Path) -> None:
    with start_writer(
        tmp_path / "run.h5", seed=0, steps=0, commit_every=1, chunk_bytes=1, end="exit"
    ) as writer:
        writer.stdout.read()
    assert message(tmp_path / "run.h5") == (
        "expected a trace file, found one without a step yet: its writer is about to begin, or died before"
    )
    # A new writer finds nothing in its way.
    write_closed(tmp_path / "run.h5", steps=2)
    assert [path.name for path in tmp_path.iterdir()] == ["run.h5"]


def test_one_that_another_program_has_open(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    with h5py.File(path, "w", libver="latest") as file:
        file.flush()
        assert message(path) == (
            "expected a trace, found HDF5 that another program has open for writing, or left so"
        )


def test_one_that_this_process_has_open_with_h5py(closed: Path) -> None:
    with h5py.File(closed):
        assert message(closed) == (
            "expected a file that this process hasn't open in another way, found that it has, as h5py.File "
            "opens it; close that, or open it there with locking=False"
        )
    with h5py.File(closed, locking=False):
        open_trace(closed).close()


@pytest.mark.parametrize(
    ("version", "kind", "expected"),
    [
        (
            4,
            VersionError,
            "expected format version 3, found 4: a newer sparsey-trace wrote it; "
            "upgrade with `pip install -U sparsey-trace`",
        ),
        (
            2,
            VersionError,
            "expected format version 3, found 2: only commits 99adc06 to f875718 of sparsey-trace read it; "
            "check out f875718 for that, or record the run anew",
        ),
        (0, TraceError, "expected a format_version of 1 or more, found 0"),
        (-1, TraceError, "expected a format_version of 1 or more, found -1"),
        (1.5, TraceError, f"{VERSIONED} format_version: {NO_NUMBER}"),
        ("new", TraceError, f"{VERSIONED} format_version: {NO_NUMBER}"),
        ([2, 2], TraceError, f"{VERSIONED} format_version: expected a whole number, found 2"),
        (None, TraceError, f"{VERSIONED} {NO_VERSION}"),
    ],
)
def test_versions(closed: Path, version: object, kind: type[TraceError], expected: str) -> None:
    with h5py.File(closed, "r+", libver=LIBVER) as file:
        del file.attrs["format_version"]
        if version is not None:
            file.attrs["format_version"] = version
    assert message(closed) == expected
    with pytest.raises(TraceError) as caught:
        open_trace(closed)
    assert type(caught.value) is kind


def test_a_closed_trace_cut_anywhere(closed: Path) -> None:
    whole = closed.read_bytes()
    for size in range(12, len(whole), len(whole) // 50):
        closed.write_bytes(whole[:size])
        text = message(closed)
        if size > 48:  # the superblock
            assert text == TRUNCATED


def test_what_goes_past_h5py_waits_for_its_lock(left_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HDF5 bears one thread: two that opened files of runs under way ended the process now and then."""
    free: list[bool] = []

    def look() -> None:
        free.append(phil.acquire(blocking=False))
        if free[-1]:
            phil.release()

    def attempts(*_: Any) -> None:
        other = threading.Thread(target=look)
        other.start()
        other.join()

    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(H5Pset_metadata_read_attempts=attempts))
    close_file(open_file(left_run))
    assert free == [False]
