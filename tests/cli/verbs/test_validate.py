"""`sparsey-trace validate`: sound traces pass, and the first fault is named with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings

import sparsey_trace as st
from sparsey_trace.cli.main import main
from sparsey_trace.errors import TraceError
from sparsey_trace.layout import TRAIN
from sparsey_trace.testing import runs, write_run
from sparsey_trace.trace.rescue.validate import validate
from tests.cli.commands import LAYOUT, being_written, sparsey_trace, write_steps, write_trace
from tests.faults import times

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.chunk import Chunk


def test_a_sound_trace(run: Path) -> None:
    found = sparsey_trace("validate", run)
    assert (found.returncode, found.stdout, found.stderr) == (
        0,
        f"{run}: sound, 32 samples in 8 steps\n",
        "",
    )


@given(run=runs())
@settings(max_examples=times(5, 30), deadline=None)
def test_whatever_is_written_is_sound(run: Chunk, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("runs") / "run.h5"
    write_run(path, run, commit_steps=2)
    went_back = bool((np.diff(run.epoch[run.phase == TRAIN]) < 0).any())
    found = validate(path)
    assert [note.partition(" to epoch")[0] for note in found.notes] == [
        *["no samples"] * (not len(run)),
        *["training went back"] * went_back,
    ]
    assert (found.samples, found.steps) == (len(run), len(np.unique(run.step)))


def test_a_trace_that_is_still_written_is_sound_with_a_note(tmp_path: Path) -> None:
    with being_written(tmp_path / "run.h5", committed=2) as run:
        found = sparsey_trace("validate", run)
    assert (found.returncode, found.stdout) == (
        0,
        f"{run}: sound, 8 samples in 2 steps\n"
        f"{run}: note: not closed: it is still being written, or its writer died\n",
    )


def test_an_empty_trace_is_sound_with_a_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_trace(tmp_path / "run.h5", steps=0)
    assert main(["validate", str(run)]) == 0
    assert capsys.readouterr().out == f"{run}: sound, 0 samples in 0 steps\n{run}: note: no samples\n"


FAULTS = {
    "a winner": (
        "layers/0/codes",
        (17, 2, 1),
        5,
        "sample 17, MAC 2, CM 1: expected a winner from 0 to 4, found 5",
    ),
    "padding of activity": (
        "layers/1/active",
        (9, 0),
        0b1000_0001,
        "sample 9, byte 0: expected zeros in the last 6 bits, which are padding, found 129",
    ),
    "padding of inputs": (
        "inputs",
        (31, 1),
        0b0000_1000,
        "sample 31, byte 1: expected zeros in the last 4 bits, which are padding, found 8",
    ),
    "a phase": ("samples/phase", slice(4, 8), 2, "sample 4: expected 0 (train) or 1 (eval), found 2"),
    "a step that falls": (
        "samples/step",
        20,
        3,
        "sample 20: expected a step that never falls below the sample before's, found 3",
    ),
    "a phase within a step": (
        "samples/phase",
        6,
        1,
        "sample 6: expected one phase in the whole step, found 1",
    ),
    "an epoch within a step": (
        "samples/epoch",
        29,
        7,
        "sample 29: expected one epoch in the whole step, found 7",
    ),
    "a time": ("samples/time", 3, np.nan, "sample 3: expected a finite time, found nan"),
}


def put(run: Path, dataset: str, place: Any, value: Any) -> None:
    with h5py.File(run, "r+") as file:
        file[dataset][place] = value


@pytest.mark.parametrize("kind", FAULTS)
def test_the_first_fault_is_named_with_dataset_and_sample(
    kind: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, place, value, message = FAULTS[kind]
    put(run, dataset, place, value)
    assert main(["validate", str(run)]) == 1
    found = capsys.readouterr()
    assert (found.out, found.err) == ("", f"sparsey-trace: {run}: {dataset}: {message}\n")


def test_a_fault_through_the_command(run: Path) -> None:
    put(run, "layers/0/codes", (17, 2, 1), 5)
    found = sparsey_trace("validate", run)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == (
        f"sparsey-trace: {run}: layers/0/codes: sample 17, MAC 2, CM 1: expected a winner from 0 to 4, found 5\n"
    )


def test_faults_across_the_border_of_two_chunks(tmp_path: Path) -> None:
    run = write_trace(tmp_path / "run.h5", steps=1030)
    with st.open_trace(run) as trace:
        border = trace.chunk_size
        assert border < len(trace)
    put(run, "samples/step", slice(border, None), 0)
    with pytest.raises(TraceError, match=f"samples/step: sample {border}: expected a step that never"):
        validate(run)


def test_an_input_that_is_not_finite(tmp_path: Path) -> None:
    run = tmp_path / "run.h5"
    with st.TraceWriter(run, LAYOUT, inputs="float32") as writer:
        write_steps(writer, 2)
    validate(run)
    put(run, "inputs", (5, 11), np.inf)
    with pytest.raises(TraceError, match="inputs: sample 5, feature 11: expected a finite number, found inf"):
        validate(run)


def test_a_chunk_whose_checksum_is_wrong(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with h5py.File(run) as file:
        chunk = file["layers/1/codes"].id.get_chunk_info(0)
    with run.open("r+b") as file:
        file.seek(chunk.byte_offset)
        file.write(bytes(chunk.size))
    assert main(["validate", str(run)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(
        f"sparsey-trace: {run}: expected to read samples 0 to 32 of layers/1/codes, found: "
    )
    assert error.count("\n") == 1


def test_more_samples_than_are_committed(run: Path) -> None:
    with h5py.File(run, "r+") as file:
        file["layers/1/active"].resize(40, axis=0)
    with pytest.raises(TraceError, match="layers/1/active: expected 32 samples, as committed, found 40"):
        validate(run)


def test_connections_behind_padding(run: Path) -> None:
    put(run, "layers/0/connections", (1, slice(None)), [3, -1, 4])
    with pytest.raises(
        TraceError,
        match=r"v1: connections of MAC 1: expected padding \(-1\) behind the connections only",
    ):
        validate(run)


def test_a_connection_to_nowhere(run: Path) -> None:
    put(run, "layers/1/connections", (0, 0), 3)
    with pytest.raises(
        TraceError,
        match=r"v2: connections of MAC 0: expected indices below 3 \(MACs of v1\), found 3",
    ):
        validate(run)


def test_a_position_that_is_not_finite(run: Path) -> None:
    put(run, "layers/1/positions", (1, 0), np.nan)
    with pytest.raises(
        TraceError, match=r"v2: positions: MAC 1: expected finite numbers, found \[nan, 0.0\]"
    ):
        validate(run)


def test_a_missing_dataset(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with h5py.File(run, "r+") as file:
        del file["samples/label"]
    assert main(["validate", str(run)]) == 1
    assert f"{run}: expected a trace as docs/trace-format.md describes it" in capsys.readouterr().err


def test_progress_counts_samples(tmp_path: Path) -> None:
    run = write_trace(tmp_path / "run.h5", steps=1030)
    seen: list[tuple[int, int]] = []
    validate(run, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(4096, 4120), (4120, 4120)]
