"""Opening once more what was opened before: the same trace as long as it was, or an error."""

from __future__ import annotations

import copy
import os
import pickle
import re
import shutil
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.reading.open_trace import Snapshot, open_trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, check, feed, sent, write_closed

if TYPE_CHECKING:
    from pathlib import Path

STEPS = 30


def refused(snapshot: Snapshot) -> str:
    with pytest.raises(TraceError) as caught:
        snapshot.opened()
    return str(caught.value)


def test_the_same_trace_is_opened_again(path: Path) -> None:
    with open_trace(path) as trace:
        snapshot = Snapshot.of(trace)
        with snapshot.opened() as again:
            assert again is not trace
            assert (again.id, again.paths, len(again)) == (trace.id, trace.paths, len(trace))
            check(again, sent(0, STEPS))
        check(trace, sent(0, STEPS))


def test_what_was_added_since_is_left_out(tmp_path: Path) -> None:
    expected = sent(0, STEPS)
    with TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        feed(writer, 0, range(10))
        writer.commit()
        with open_trace(tmp_path / "run.h5") as trace:
            snapshot = Snapshot.of(trace)
        feed(writer, 0, range(10, STEPS))
    with snapshot.opened() as again:
        assert len(again) == snapshot.samples < len(expected["step"])
        check(again, expected)
        assert again.refresh() == len(expected["step"])


def test_an_edited_trace_is_not_the_one_it_was(path: Path) -> None:
    """Its id and its length are, and a copy of it is."""
    with open_trace(path) as trace:
        snapshot, pickled = Snapshot.of(trace), pickle.dumps(trace)
    before = path.stat()
    shutil.copy(path, path.with_name("kept.h5"))
    path.with_name("kept.h5").replace(path)
    pickle.loads(pickled).close()
    with h5py.File(path, "r+") as file:
        file["samples/label"][3] = 12345
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    expected = f"{path}: expected the trace that was opened before, found it edited since then; open it anew"
    assert refused(snapshot) == expected
    with pytest.raises(TraceError, match=re.escape(expected)):
        pickle.loads(pickled)


def test_what_a_closed_trace_held_is_known_if_it_was_asked_for(path: Path) -> None:
    with open_trace(path) as asked, open_trace(path) as never:
        known = asked.contents()
        assert known is not None
    assert (Snapshot.of(asked).contents, Snapshot.of(never).contents) == (known, None)
    Snapshot.of(never).opened().close()


def test_a_trace_that_was_rewound_is_as_short_again(path: Path) -> None:
    with open_trace(path) as trace:
        trace.rewind(50)
        assert len(Snapshot.of(trace).opened()) == len(pickle.loads(pickle.dumps(trace))) == 50


def test_another_trace_is_refused(path: Path) -> None:
    with open_trace(path) as trace:
        snapshot = Snapshot.of(trace)
        words = Snapshot.of(trace, role="the trace of the table", remedy="make it anew")
    path.unlink()
    assert (
        refused(snapshot) == f"{path}: expected the trace that was opened before, found no file there; "
        "open it anew where it is now"
    )
    write_closed(path, steps=STEPS)
    expected = f"{path}: expected the trace that was opened before, found another trace; open it anew"
    assert refused(snapshot) == expected
    assert refused(words) == f"{path}: expected the trace of the table, found another trace; make it anew"
    assert words == snapshot


def test_a_shorter_one_is_refused(tmp_path: Path) -> None:
    """A copy of a trace that was being written, put back in its place."""
    path, earlier = tmp_path / "run.h5", tmp_path / "earlier.h5"
    with TraceWriter(path, LAYOUT) as writer:
        feed(writer, 0, range(10))
        writer.commit()
        shutil.copyfile(path, earlier)
        feed(writer, 0, range(10, STEPS))
    with open_trace(path) as trace, open_trace(earlier) as short:
        snapshot, counts = Snapshot.of(trace), (len(short), len(trace))
    earlier.replace(path)
    assert refused(snapshot) == (
        f"{path}: expected the trace that was opened before, found {counts[0]} of {counts[1]} samples; open it anew"
    )


def test_a_trace_pickles(path: Path) -> None:
    with open_trace(path, cache_bytes=10_000) as trace:
        pickled = pickle.dumps(trace)
        there, other = pickle.loads(pickled), pickle.loads(pickled)
    assert there.cache_bytes == 10_000
    other.close()
    check(there, sent(0, STEPS))
    there.close()
    write_closed(path.with_name("other.h5"), steps=STEPS).replace(path)
    with pytest.raises(TraceError, match=re.escape(f"{path}: expected the trace that was opened before, ")):
        pickle.loads(pickled)


def test_a_trace_pickles_from_one_folder_into_another(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    with open_trace(path.name) as trace:
        pickled, snapshot = pickle.dumps(trace), Snapshot.of(trace)
        assert str(snapshot.opened().path) == "run.h5", "messages name it as its user does"
    monkeypatch.chdir("/")
    with pickle.loads(pickled) as there:
        check(there, sent(0, STEPS))


def test_the_files_of_a_run_pickle_as_one(parts: list[Path]) -> None:
    with open_trace(parts[0].with_name("run.*.h5")) as trace, pickle.loads(pickle.dumps(trace)) as there:
        assert (there.id, there.paths, len(there)) == (trace.id, trace.paths, len(trace))
        for name in ("step", "label", "time"):
            columns = (getattr(one.samples, name)[:] for one in (trace, there))
            np.testing.assert_array_equal(*columns)
        np.testing.assert_array_equal(trace.inputs[:], there.inputs[:])
        snapshot = Snapshot.of(trace)
    missing = parts[4].rename(parts[4].with_name("elsewhere"))
    assert refused(snapshot).startswith(
        f"{parts[4]}: expected the trace that was opened before, found no file"
    )
    missing.rename(parts[4])


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_is_another_trace_of_the_same_file(path: Path, copied: type) -> None:
    with open_trace(path) as trace:
        other = copied(trace)
        trace.rewind(3)
        assert len(other) == len(sent(0, STEPS)["step"])
    check(other, sent(0, STEPS))
    other.close()
