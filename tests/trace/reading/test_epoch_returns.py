"""Training that goes back to an earlier epoch: where it did is told, and what it repeated is left out where asked."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

import sparsey_trace as st
from sparsey_trace.errors import UsageError
from sparsey_trace.layout import EVAL, TRAIN
from sparsey_trace.tables.provenance import provenance_in
from sparsey_trace.trace.format.run_part import RunPart
from sparsey_trace.trace.reading.epoch_returns import EpochReturn, EpochReturns, repeated
from sparsey_trace.trace.rescue.validate import validate
from tests.cli.commands import LAYOUT, sparsey_trace, write_steps
from tests.trace.feed import step

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sparsey_trace.trace.reading.sample_table import SampleTable

EPOCHS = [0, 1, 2, 1, 2]
SAID = "training went back to epoch 1 from 2 at step 9"


def write_run(folder: Path, cut: int) -> str:
    """Epochs of two training steps and one of evaluation, resumed behind `cut` of them; the files as a pattern."""
    epochs, before = {0: EPOCHS[:cut], cut: EPOCHS[cut:]}, RunPart()
    for first, part in epochs.items():
        with st.TraceWriter(folder / f"run{f'.{first}' * bool(first)}.h5", LAYOUT, part=before) as writer:
            for number, epoch in enumerate(part):
                for turn in range(3):
                    found = step(0, 3 * (first + number) + turn, layout=LAYOUT, most=4)
                    del found["values"]
                    writer.append(
                        **found | {"epoch": epoch, "phase": "eval" if turn == 2 else "train"},
                        step=3 * (first + number) + turn,
                    )
        before = RunPart(continues="run.h5", first_step=3 * cut, first_sample=writer.num_committed)
    return str(folder / "run*.h5")


@pytest.fixture(scope="module", params=[3, len(EPOCHS)], ids=["resumed", "one file"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_run(tmp_path_factory.mktemp("run"), request.param)


def test_the_place_is_told(run: str) -> None:
    with st.open_trace(run) as trace:
        ((sample, *found),) = trace.epoch_returns
        assert found == [9, 1, 2]
        assert sample == np.flatnonzero(trace.samples.step[:] == 9)[0]
        trace.rewind(sample)
        assert trace.epoch_returns == ()
    assert SAID in sparsey_trace("info", run).stdout
    assert any(SAID in note for note in validate(run).notes)
    by_step = st.analyze(run, metrics=["basis_set_size"])
    by_epoch = st.analyze(run, metrics=["basis_set_size"], resolution="epoch")
    assert SAID in by_step.gaps
    told = ["an epoch that training came back to is one group, of the samples of each time"]
    assert (by_step.notes, by_epoch.notes) == ({}, {"basis_set_size": told})
    areas = [[row.area for row in found.summary_rows()] for found in (by_step, by_epoch)]
    assert areas[0] == areas[1] != [None, None]


def test_what_was_repeated_is_left_out_where_asked(run: str, tmp_path: Path) -> None:
    with st.open_trace(run) as trace, st.open_trace(run, repeated_steps="last") as last:
        kept = np.flatnonzero(~np.isin(trace.samples.step[:], range(3, 9)))
        assert (last.id, last.waiting, last.epoch_returns) == (trace.id, 0, ())
        assert len(last) == len(kept) < len(trace)
        np.testing.assert_array_equal(last.samples.step[:], trace.samples.step[:][kept])
        np.testing.assert_array_equal(last.inputs[2:-1], trace.inputs[:][kept[2:-1]])
        assert last.drops.tolist() == []
        found = st.analyze(last, metrics=["match_accuracy", "basis_set_size"], out=tmp_path / "x", n_jobs=2)
        again = st.analyze(last, metrics=["match_accuracy", "basis_set_size"])
        assert all(found[name].equals(again[name]) for name in found)
        assert f"{len(trace) - len(last)} samples were left out, as training repeated them" in found.gaps
        assert found.notes == {}
        about: dict[str, Any] = provenance_in(found.path("basis_set_size")) or {}
        assert (about["repeated_steps"], about["samples"]) == ("last", len(last))
    asked = ("--repeated-steps", "last", "-m", "basis_set_size", "-o", tmp_path / "x", "--explain")
    assert "no pass: nothing is to be computed" in sparsey_trace("analyze", run, *asked).stdout
    with pytest.raises(UsageError, match="repeated_steps: expected one of all, last, found 'first'"):
        st.open_trace(run, repeated_steps="first")


def test_each_phase_goes_back_by_itself() -> None:
    def of(*pairs: tuple[int, int]) -> list[int]:
        epoch, phase = np.array(pairs).T
        return np.flatnonzero(repeated(epoch, phase)).tolist()

    train, evaluated = [(epoch, TRAIN) for epoch in range(4)], [(epoch, EVAL) for epoch in range(4)]
    assert of(*train[:3], train[1], train[3], train[2]) == [1, 2, 4]
    assert of(*train[:3], evaluated[0], evaluated[0]) == []
    assert of(train[0], evaluated[1], train[1], evaluated[0], train[2]) == [1]
    assert of(train[2], evaluated[2], train[0]) == [0, 1]


def test_training_that_never_went_back_says_nothing(tmp_path: Path) -> None:
    with st.TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        write_steps(writer, 8)
    with st.open_trace(tmp_path / "run.h5", repeated_steps="last") as trace:
        assert (trace.epoch_returns, trace.storage.left_out) == ((), 0)


class Watched:
    """Samples of two epochs, the second of which comes first; two threads that look at them at once meet there."""

    def __init__(self) -> None:
        self.epoch, self.step, self.phase = np.array([1, 0], np.int32), np.arange(2), self
        self._meet = threading.Barrier(2)

    def __getitem__(self, part: slice) -> NDArray[np.uint8]:
        with contextlib.suppress(threading.BrokenBarrierError):
            self._meet.wait(0.05)
        return np.full(2, TRAIN, np.uint8)[part]


def test_threads_that_share_a_trace_find_each_return_once() -> None:
    samples, returns = Watched(), EpochReturns()
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: returns.among(cast("SampleTable", samples), 2), range(2)))
    assert found == [(EpochReturn(1, 1, 0, 1),)] * 2
