"""Inputs of another kind than those before: the file is made anew, whoever looks on, and whenever it is killed."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from sparsey_trace.errors import DataError, TraceError
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.rescue.validate import validate
from sparsey_trace.trace.writing.new_file import NewFile
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.fork_server import shared_server
from tests.trace.feed import LAYOUT, check, feed, sent, step

if TYPE_CHECKING:
    from pathlib import Path

INPUTS: dict[str, Any] = {
    "zeros": np.zeros(13),
    "image": np.array([0, 255, 7] * 4 + [1], np.uint8),
    "tokens": np.array([16777217, 2, 0] * 4 + [1], np.int64),
    "numbers": np.array([2**40 + 1, -2, 0] * 4 + [1], np.int64),
    "halves": np.array([0.5, 1, 0] * 4 + [1], np.float16),
    "real": np.array([0.1, 1, 0] * 4 + [1], np.float32),
}


def put(path: Path, *names: str, commit: bool = True) -> None:
    with TraceWriter(path, LAYOUT) as writer:
        for number, name in enumerate(names):
            given = step(0, number)
            writer.append(**{**given, "inputs": np.tile(INPUTS[name], (len(given["labels"]), 1))})
            if commit:
                writer.commit()


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("zeros", "image", "zeros"), "uint8"),
        (("zeros", "tokens", "image"), "int32"),
        (("numbers", "zeros", "image", "tokens"), "int64"),
        (("halves", "zeros", "image"), "float16"),
        (("halves", "real", "halves"), "float32"),
        (("image", "real", "zeros"), "float32"),
        (("real", "tokens"), "float64"),
        (("halves", "numbers", "zeros"), "float64"),
        (("zeros", "numbers", "real"), "float64"),
    ],
    ids=str,
)
def test_whatever_comes_is_kept(tmp_path: Path, names: tuple[str, ...], kind: str) -> None:
    put(tmp_path / "run.h5", *names)
    validate(tmp_path / "run.h5")
    with open_trace(tmp_path / "run.h5") as trace:
        assert (trace.input_kind, trace.closed) == (kind, True)
        for number, name in enumerate(names):
            found = trace.inputs[np.flatnonzero(trace.samples.step[:] == number)]
            assert (found == INPUTS[name]).all()
    assert [one.name for one in tmp_path.iterdir()] == ["run.h5"]


def test_whole_numbers_that_no_real_kind_holds_are_left_out(tmp_path: Path) -> None:
    huge = step(0, 1)
    huge["inputs"] = np.full((len(huge["labels"]), 13), 2**53 + 1)
    with TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        writer.append(**{**step(0, 0), "inputs": step(0, 0)["inputs"] / 4})
        with pytest.raises(DataError) as caught:
            writer.append(**huge)
    assert str(caught.value) == (
        f"{tmp_path / 'run.h5'}: step 1: inputs: expected whole numbers of at most 9,007,199,254,740,992 where a run "
        "has real inputs too, found 9,007,199,254,740,993; record these in a run of their own, or with inputs='none'"
    )
    with TraceWriter(tmp_path / "other.h5", LAYOUT) as writer:
        writer.append(**huge)
        with pytest.raises(DataError, match="found 9,007,199,254,740,993"):
            writer.append(**{**step(0, 2), "inputs": step(0, 2)["inputs"] / 4})
    with open_trace(tmp_path / "other.h5") as trace:
        assert (trace.inputs[:] == 2**53 + 1).all()
        assert trace.chunk(0, 1).inputs.dtype == np.int64


def widened(steps: int) -> dict[str, np.ndarray]:
    """What `write_widened` sends: real inputs from step 20 on."""
    expected = dict(sent(0, steps))
    is_real = expected["step"] >= 20
    expected["inputs"] = np.where(is_real[:, None], expected["inputs"] / 4, expected["inputs"])
    return expected


def feed_real(writer: TraceWriter, steps: range) -> None:
    for number in steps:
        given = step(0, number)
        writer.append(**{**given, "inputs": given["inputs"] / 4})


def test_chunks_tail_drops_and_readers_go_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "_CHUNK_BYTES", 1)  # chunks of 64 samples
    path, expected = tmp_path / "run.h5", widened(60)
    with TraceWriter(path, LAYOUT) as writer:
        feed(writer, 0, range(10))
        writer.note_drops([100], ["lost"])
        feed(writer, 0, range(10, 20))
        writer.commit()
        with open_trace(path) as reader:
            before, id_of = len(reader), reader.id
            check(reader, expected)
            feed_real(writer, range(20, 30))
            # What was opened stays as it was, until it is asked to look again.
            np.testing.assert_array_equal(reader.inputs[:], expected["inputs"][:before])
            assert reader.input_kind == "binary"
            writer.note_drops([101])
            writer.commit()
            assert reader.refresh() == writer.num_samples > before
            assert (reader.id, reader.input_kind) == (id_of, "float32")
            check(reader, expected)
            feed_real(writer, range(30, 60))
    with open_trace(path) as trace:
        check(trace, expected)
        assert trace.drop_reasons == {100: "lost", 101: ""}
        assert len(trace) == len(expected["step"])


KILLED = """
import os, signal, sys
from pathlib import Path
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.writing.writer import TraceWriter
from sparsey_trace.trace.writing.sample_buffer import SampleBuffer
from tests.trace.feed import LAYOUT, feed
from tests.trace.writing.test_file_under_way import feed_real

schema._CHUNK_BYTES = 1
flush = SampleBuffer._flush

def run(path, kill, say):
    seen = 0
    def killing(self):
        nonlocal seen
        if seen == kill:
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1
        flush(self)
        if seen == kill:
            os.kill(os.getpid(), signal.SIGKILL)
    SampleBuffer._flush = killing
    with TraceWriter(path, LAYOUT) as writer:
        feed(writer, 0, range(20))
        writer.commit()
        os.write(say, f"{writer.num_committed}\\n".encode())
        feed_real(writer, range(20, 40))
        writer.commit()
        os.write(say, f"{writer.num_committed}\\n".encode())

for kill in range(1, 15):
    hear, say = os.pipe()
    if not (child := os.fork()):
        run(Path(sys.argv[1]) / f"{kill}.h5", kill, say)
        os._exit(0)
    os.close(say)
    os.waitpid(child, 0)
    print(kill, *os.fdopen(hear).read().split()[-1:])
"""


def test_killed_while_it_is_made_anew(tmp_path: Path) -> None:
    done = shared_server().run(KILLED, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    expected, sizes = widened(40), []
    for line in done.stdout.splitlines():
        kill, *promised = map(int, line.split())
        with open_trace(tmp_path / f"{kill}.h5") as trace:
            check(trace, expected)
            assert len(trace) >= sum(promised)
            sizes.append((len(trace), trace.input_kind))
    assert [earlier <= later for earlier, later in pairwise(sizes)] == [True] * 13
    assert {kind for _, kind in sizes} == {"binary", "float32"}


def test_a_file_that_can_not_be_made_anew_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, expected = tmp_path / "run.h5", widened(40)

    def full(self: NewFile) -> None:
        raise OSError(28, "No space left on device")

    with TraceWriter(path, LAYOUT) as writer:
        feed(writer, 0, range(20))
        writer.commit()
        with monkeypatch.context() as patch:
            patch.setattr(NewFile, "publish", full)
            with pytest.raises(
                TraceError, match=r"found: .*No space left on device; what was committed stays"
            ):
                feed_real(writer, range(20, 21))
        with pytest.raises(TraceError, match="found one that was given up"):
            writer.append(**step(0, 21))
    assert [one.name for one in tmp_path.iterdir()] == ["run.h5"]
    with open_trace(path) as trace:
        assert (len(trace), trace.input_kind) == (writer.num_committed, "binary")
        check(trace, expected)


def test_a_run_of_one_kind_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    write = NewFile.write
    monkeypatch.setattr(NewFile, "write", lambda self: [made.append(self), write(self)][1])
    put(tmp_path / "run.h5", "real", "zeros", "real", "image")
    put(tmp_path / "bits.h5", "zeros", "zeros", commit=False)
    assert len(made) == 2
    with h5py.File(tmp_path / "bits.h5") as file:
        assert file.attrs["input_kind"] == b"binary"
