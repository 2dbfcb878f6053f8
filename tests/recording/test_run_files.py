"""A run that goes on after it ended: the files, and what their numbers say."""

from __future__ import annotations

import os
import shutil
import socket
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

import sparsey_trace as st
from sparsey_trace.errors import RecordError, TraceError, UsageError, VersionError
from sparsey_trace.recording import WinnerTakeAll, record
from sparsey_trace.trace.format.run_part import RunPart
from tests.recording.models import CLASSIFIER_LAYERS, Classifier, OriginalModel, samples

if TYPE_CHECKING:
    from sparsey_trace.recording import Recorder
    from tests.fork_server import ForkServer

START = """
import os, sys, time
from pathlib import Path
from sparsey_trace.recording import record
from tests.recording.models import OriginalModel, samples

model = OriginalModel()
"""


def resume(path: Path, *seeds: int, **more: Any) -> Recorder:
    """Record a pass for each seed, of 3 samples."""
    model = OriginalModel()
    with record(model, path, resume=True, **more) as rec:
        for seed in seeds:
            model(samples(3, seed=seed))
    return rec


def part_of(path: Path) -> RunPart:
    with st.open_trace(path) as trace:
        return replace(trace.part, run="")


def run_of(path: Path) -> str:
    with st.open_trace(path) as trace:
        return trace.part.run


def test_where_nothing_is_the_run_begins(path: Path) -> None:
    assert resume(path, 0).path == path
    assert part_of(path) == RunPart()


def test_each_resume_makes_a_file_that_goes_on_from_the_last(path: Path) -> None:
    assert [resume(path, *seeds).path.name for seeds in ((0, 1), (2,), (3, 4))] == [
        "run.h5",
        "run.1.h5",
        "run.2.h5",
    ]
    assert part_of(path.with_name("run.1.h5")) == RunPart(continues="run.h5", first_step=2, first_sample=6)
    assert part_of(path.with_name("run.2.h5")) == RunPart(continues="run.1.h5", first_step=3, first_sample=9)
    assert len({run_of(file) for file in path.parent.glob("run*")}) == 1
    with st.open_trace(path.with_name("run.2.h5")) as trace:
        assert trace.samples.step[:].tolist() == [3, 3, 3, 4, 4, 4]


def test_the_files_together_are_the_run(path: Path, tmp_path: Path) -> None:
    model = OriginalModel()
    for first in (0, 2, 4):
        with record(model, path, resume=True):
            for seed in (first, first + 1):
                model(samples(3, seed=seed))
    whole, model = tmp_path / "whole.h5", OriginalModel()
    with record(model, whole):
        for seed in range(6):
            model(samples(3, seed=seed))
    one, other = (st.analyze(source) for source in (whole, str(tmp_path / "run.*")))
    assert list(one) == list(other)
    assert all(one[name].equals(other[name]) for name in one)


@pytest.mark.parametrize("last", ["os._exit(9)", "os.kill(os.getpid(), 9)"])
def test_behind_a_kill_it_goes_on_from_the_last_commit(
    path: Path, fork_server: ForkServer, last: str
) -> None:
    script = f"""
rec = record(model, sys.argv[1], commit_samples=6, commit_every=1000)
for seed in range(5):
    model(samples(3, seed=seed))
while rec.stats().committed < 12:
    time.sleep(0.01)
{last}
"""
    with fork_server.start(START + script, path) as dead:
        assert dead.wait(60) != 0
    before = path.read_bytes()
    assert resume(path, 4, 5).path.name == "run.1.h5"
    assert path.read_bytes() == before
    assert part_of(path.with_name("run.1.h5")) == RunPart(continues="run.h5", first_step=4, first_sample=12)
    with st.open_trace([path, path.with_name("run.1.h5")]) as trace:
        np.testing.assert_array_equal(trace.samples.step[:], np.repeat(range(6), 3))
        np.testing.assert_array_equal(trace.inputs[:], np.concatenate([samples(3, seed=n) for n in range(6)]))


def test_a_file_without_samples_counts(path: Path, fork_server: ForkServer) -> None:
    script = """
rec = record(model, sys.argv[1], commit_every=1000)
model(samples(3))
while not Path(sys.argv[1]).exists():
    time.sleep(0.01)
os._exit(9)
"""
    with fork_server.start(START + script, path) as dead:
        dead.wait(60)
    assert len(st.open_trace(path)) == 0
    assert resume(path, 0).path.name == "run.1.h5"
    assert part_of(path.with_name("run.1.h5")) == RunPart(continues="run.h5")
    with st.open_trace([path, path.with_name("run.1.h5")]) as trace:
        assert trace.samples.step[:].tolist() == [0, 0, 0]


@pytest.mark.parametrize("has_begun", [True, False])
def test_a_file_that_is_being_written_is_refused_with_its_writer(
    path: Path, fork_server: ForkServer, *, has_begun: bool
) -> None:
    begin = "model(samples(3))" if has_begun else "None"
    script = f"""
rec = record(model, sys.argv[1])
kept = {begin}
while has_begun := {has_begun} and not Path(sys.argv[1]).exists():
    time.sleep(0.01)
print("ready", flush=True)
sys.stdin.read()
"""
    with fork_server.start(START + script, path) as writer:
        assert writer.stdout.readline() == "ready\n"
        with pytest.raises(
            TraceError,
            match=rf"run\.h5: expected that nobody else .* process {writer.pid} on {socket.gethostname()}",
        ):
            record(OriginalModel(), path, resume=True)
        writer.communicate("")
    assert not path.with_name("run.1.h5").exists()


def recorded(path: Path, layers: list[WinnerTakeAll], *, features: int = 6) -> None:
    model = Classifier()
    if features != 6:
        model.encoder[0] = type(model.encoder[0])(features, 24)
    with record(model, path, layers=layers, resume=True):
        model(samples(2)[:, :features])


LOWER, UPPER = CLASSIFIER_LAYERS
OTHER_LAYERS = {
    "layers ['encoder.1'] instead of ['encoder.1', 'deeper.1']": [LOWER],
    "num_macs 1 instead of 2 in layer encoder.1": [
        WinnerTakeAll("encoder.1", num_macs=1, num_cms=6, num_neurons=4),
        UPPER,
    ],
    "other connections in layer deeper.1": [
        LOWER,
        WinnerTakeAll("deeper.1", num_macs=2, num_cms=2, num_neurons=3, connections=[[0], [1]]),
    ],
    "other positions in layer deeper.1": [
        LOWER,
        WinnerTakeAll("deeper.1", num_macs=2, num_cms=2, num_neurons=3, positions=[[0, 0], [1, 1]]),
    ],
}


@pytest.mark.parametrize(("difference", "layers"), OTHER_LAYERS.items())
def test_another_model_is_refused_at_the_first_step(
    path: Path, difference: str, layers: list[WinnerTakeAll]
) -> None:
    recorded(path, CLASSIFIER_LAYERS)
    with pytest.raises(RecordError) as caught:
        recorded(path, layers)
    assert str(caught.value) == (
        f"{path.with_name('run.1.h5')}: expected the model of {path}, which it goes on from, found {difference}; "
        "resume as it was, or record into another name"
    )
    assert not path.with_name("run.1.h5").exists()


def test_another_input_is_refused_at_the_first_step(path: Path) -> None:
    recorded(path, CLASSIFIER_LAYERS)
    with pytest.raises(RecordError, match="found num_features 5 instead of 6; resume as it was"):
        recorded(path, CLASSIFIER_LAYERS, features=5)


def test_inputs_are_kept_as_before(path: Path) -> None:
    model = OriginalModel()
    with record(model, path):
        model(samples(3) / 2)
    resume(path, 0)
    with st.open_trace([path, path.with_name("run.1.h5")]) as trace:
        assert trace.input_kind == "float32"
        assert (trace.inputs[3:] == samples(3).numpy()).all()
    with pytest.raises(RecordError) as caught:
        record(model, path, inputs="float16", resume=True)
    assert str(caught.value) == (
        f"inputs: expected 'binary', as in {path.with_name('run.1.h5')}, found 'float16'; "
        "resume as it was, or record into another name"
    )


def test_inputs_that_were_left_out_stay_so(path: Path) -> None:
    resume(path, 0, inputs="none")
    resume(path, 1)
    with st.open_trace([path, path.with_name("run.1.h5")]) as trace:
        assert (trace.input_kind, len(trace)) == ("none", 6)


def test_another_number_of_ranks_is_refused(path: Path) -> None:
    resume(path, 0)
    with (
        st.open_trace(path) as trace,
        st.TraceWriter(
            path.with_name("run.1.h5"),
            trace.layout,
            part=RunPart(num_ranks=2, continues="run.h5", first_step=1),
        ) as writer,
    ):
        chunk = trace.chunk(0, 3)
        writer.append(inputs=chunk.inputs, codes=chunk.codes, active=chunk.active, phase="train")
    with pytest.raises(
        RecordError, match=r"num_ranks: expected 2, as in .*run\.1\.h5, found 1; resume as it was"
    ):
        record(OriginalModel(), path, resume=True)


def test_steps_known_to_be_dropped_are_numbered_too(path: Path) -> None:
    resume(path, 0)
    with st.open_trace(path) as trace:
        layout, chunk = trace.layout, trace.chunk(0, 3)
    path.unlink()
    with st.TraceWriter(path, layout) as writer:
        writer.append(inputs=chunk.inputs, codes=chunk.codes, active=chunk.active, phase="train")
        writer.note_drops([1, 2])
    resume(path, 1)
    assert part_of(path.with_name("run.1.h5")).first_step == 3


def test_the_last_number_counts_and_nothing_that_only_looks_like_one(path: Path) -> None:
    resume(path, 0)
    resume(path, 1)
    path.with_name("run.1.h5").rename(path.with_name("run.11.h5"))
    for name in ("run.01.h5", "run.12.h5.partial", "runs.13.h5", "run.x.h5", "run.14.hdf"):
        path.with_name(name).touch()
    assert resume(path, 2).path.name == "run.12.h5"


def test_a_damaged_file_is_refused_and_the_way_on_is_named(path: Path) -> None:
    path.write_text("damaged")
    with pytest.raises(TraceError) as caught:
        record(OriginalModel(), path, resume=True)
    assert str(caught.value) == (
        f"{path}: expected a sparsey-trace file (HDF5), found a file that isn't HDF5; to resume behind it, put what "
        f"`sparsey-trace repair {path} -o OUT.h5` can save in its place, or remove it"
    )
    assert os.listdir(path.parent) == ["run.h5"]  # noqa: PTH208


def test_a_newer_file_is_refused_as_such(path: Path) -> None:
    resume(path, 0)
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = 99
    with pytest.raises(VersionError, match=r"upgrade with `pip install -U sparsey-trace`$"):
        record(OriginalModel(), path, resume=True)


def test_resuming_and_overwriting_exclude_each_other(path: Path) -> None:
    resume(path, 0)
    kept = shutil.copy(path, path.with_name("copy"))
    with pytest.raises(
        UsageError, match="resume=True keeps what is there, overwrite=True replaces it: expected one"
    ):
        record(OriginalModel(), path, resume=True, overwrite=True)
    assert path.read_bytes() == Path(kept).read_bytes()


def test_a_run_that_is_replaced_is_replaced_whole(path: Path) -> None:
    """A file that goes on from one that is gone would make reading the run, and resuming it, go wrong."""
    for seeds in ((0, 1), (2,), (3,)):
        resume(path, *seeds)
    before = run_of(path)
    other = path.with_name("run.7.h5")
    shutil.copy(path, other)  # somebody's copy, which goes on from nothing
    model = OriginalModel()
    rec = record(model, path, overwrite=True)
    assert len(list(path.parent.glob("run*.h5"))) == 4, "removed before there is anything in its place"
    model(samples(2, seed=5))
    rec.close()
    assert sorted(file.name for file in path.parent.iterdir()) == ["run.7.h5", "run.h5"]
    other.unlink()
    other_start = path.with_name("run.1.h5")
    resume(path, 6)
    assert run_of(other_start) == run_of(path) != before
    with st.open_trace(str(path.with_name("run*.h5"))) as trace:
        assert trace.samples.step[:].tolist() == [0, 0, 1, 1, 1]


def test_a_run_that_goes_on_elsewhere_is_not_replaced(path: Path, fork_server: ForkServer) -> None:
    resume(path, 0)
    resume(path, 1)
    holds = "from sparsey_trace.trace.writing.lock import WriterLock\n"
    holds += "lock = WriterLock.acquire(Path(sys.argv[1])); print(flush=True); sys.stdin.read()"
    with fork_server.start(START + holds, path.with_name("run.1.h5")) as other:
        other.stdout.readline()
        with pytest.raises(TraceError, match=rf"run\.1\.h5: expected .* process {other.pid} on"):
            record(OriginalModel(), path, overwrite=True)
        other.communicate()
    assert len(list(path.parent.glob("run*.h5"))) == 2
