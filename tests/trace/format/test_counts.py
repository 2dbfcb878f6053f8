"""What a closed trace tells of its samples is what they are, however they are counted; and nothing else is believed."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsey_trace.errors import TraceError
from sparsey_trace.layout import EVAL, MARKS, NO_LABEL, TRAIN
from sparsey_trace.testing import append_step, runs, split, write_run
from sparsey_trace.trace.format import counts
from sparsey_trace.trace.format.counts import COLUMNS, TOLD, Counting
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.reading.sample_table import SampleTable
from sparsey_trace.trace.rescue.pack import pack
from sparsey_trace.trace.rescue.repair import repair
from sparsey_trace.trace.rescue.validate import validate
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.faults import times

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.chunk import Chunk


def by_hand(run: Chunk) -> dict[str, int]:
    epochs = [int(epoch) for epoch, phase in zip(run.epoch, run.phase, strict=True) if phase == TRAIN]
    return {
        "steps": len(set(run.step.tolist())),
        "epochs": len(set(run.epoch.tolist())),
        "train": sum(phase == TRAIN for phase in run.phase.tolist()),
        "eval": sum(phase == EVAL for phase in run.phase.tolist()),
        **{
            name: sum(one != NO_LABEL for one in getattr(run, column).tolist())
            for name, column in MARKS.items()
        },
        "returns": sum(later < earlier for earlier, later in pairwise(epochs)),
    }


@given(run=runs(), cuts=st.lists(st.integers(0, 40)))
@settings(max_examples=times(20, 500), deadline=None)
def test_however_a_run_is_cut_it_comes_to_the_same(run: Chunk, cuts: list[int]) -> None:
    counting = Counting()
    for part in split(run, [min(cut, len(run)) for cut in cuts]):
        counting = counting.then({name: getattr(part, name) for name in COLUMNS})
    assert counting.found == by_hand(run)


def put(path: Path, told: Any) -> None:
    with h5py.File(path, "r+") as file:
        text = json.dumps(told).encode() if told is not None else b""
        file["progress"].attrs.modify(TOLD.name, np.array(text, h5py.string_dtype("utf-8", TOLD.size)))


@pytest.fixture(scope="module")
def run() -> Chunk:
    """Eight steps in four epochs, of which the third is trained once more."""
    return (
        runs(real_inputs=True, max_samples=40)
        .filter(lambda run: len(run) > 20 and by_hand(run)["returns"] > 0)
        .example()
    )


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_a_closed_trace_tells_it_and_so_do_copies(
    run: Chunk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, copies = tmp_path / "run.h5", [tmp_path / "packed.h5", tmp_path / "repaired.h5"]
    write_run(path, run)
    put(path, None)
    with open_trace(path) as untold:
        assert untold.counts == by_hand(run)
        assert len(untold.epoch_returns) == untold.counts["returns"]
    validate(path)
    for make, copy in zip((pack, repair), copies, strict=True):
        make(path, copy)
    monkeypatch.setattr(counts, "Counting", None)
    monkeypatch.setattr(SampleTable, "count_steps", None)
    for copy in copies:
        with open_trace(copy) as trace:
            assert trace.counts == by_hand(run)
            assert trace.num_steps == trace.counts["steps"]


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_it_is_only_of_all_of_a_closed_file(run: Chunk, tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    first, *steps = split(run, (np.flatnonzero(np.diff(run.step)) + 1).tolist())
    with TraceWriter(path, run.layout, inputs="float32") as writer:
        append_step(writer, first)
        writer.commit()
        with open_trace(path) as growing:
            assert growing.counts == by_hand(first)
            for step in steps:
                append_step(writer, step)
            writer.close()
            growing.refresh()
            # The head is the one that was read as the trace was opened.
            assert growing.counts == by_hand(run)
    with open_trace(path) as trace:
        trace.rewind(len(first))
        assert trace.counts == by_hand(first)
    with open_trace(path, repeated_steps="last") as trace:
        assert trace.counts["returns"] == 0
        assert trace.counts["train"] + trace.counts["eval"] == len(trace) < len(run)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_what_is_told_wrongly_is_found(run: Chunk, tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    write_run(path, run)
    true = by_hand(run)
    put(path, true | {"epochs": true["epochs"] + 1})
    with pytest.raises(
        TraceError, match=re.escape(f"{path}: counts: epochs: expected {true['epochs']}, as its")
    ):
        validate(path)
    put(path, true | {"train": true["train"] + 1})
    with open_trace(path) as trace:
        assert trace.counts == true
    for wrong in ([1], {"steps": 1}, true | {"train": -1}, true | {"train": 1.0}):
        put(path, wrong)
        with pytest.raises(TraceError, match="counts: expected how many steps, epochs, train, eval, labels"):
            open_trace(path)
