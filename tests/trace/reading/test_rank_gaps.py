"""A step that only some ranks have is told wherever the run is: killed ranks, dropped steps, and both."""

from __future__ import annotations

import json
import os
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import sparsey_trace as st
from sparsey_trace.errors import UsageError
from sparsey_trace.tables.provenance import provenance_in
from sparsey_trace.trace.format.run_part import RunPart
from sparsey_trace.trace.reading.rank_gaps import rank_gaps
from sparsey_trace.trace.rescue.validate import validate
from tests.cli.commands import LAYOUT, sparsey_trace

if TYPE_CHECKING:
    from pathlib import Path

STEPS = 8


def write_rank(path: Path, rank: int, *, dropped: tuple[int, ...] = (), killed: int | None = None) -> None:
    """One of three ranks, in a process of its own, which a kill ends behind the commit of a step."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    rng = np.random.default_rng(rank)
    writer = st.TraceWriter(path, LAYOUT, part=RunPart(rank=rank, num_ranks=3))
    for step in range(STEPS):
        if step in dropped:
            writer.note_drops([step])
            continue
        codes = [
            rng.integers(0, layer.num_neurons, (2, layer.num_macs, layer.num_cms)) for layer in LAYOUT.layers
        ]
        active = [np.ones((2, layer.num_macs), bool) for layer in LAYOUT.layers]
        inputs, phase = rng.integers(0, 2, (2, 12)), "train" if step < 6 else "eval"
        writer.append(inputs=inputs, codes=codes, active=active, phase=phase, step=step)
        writer.commit()
        if step == killed:
            os._exit(9)
    writer.close()
    os._exit(0)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("ranks")
    write_rank(folder / "run.rank0.h5", 0, dropped=(2,))
    write_rank(folder / "run.rank1.h5", 1, dropped=(2, 3))
    write_rank(folder / "run.rank2.h5", 2, dropped=(2,), killed=5)
    return str(folder / "run.*.h5")


SAID = "3 steps were recorded by some ranks only: 3 (not by 1), 6 (not by 2), 7 (not by 2)"


def test_the_trace_knows_them(run: str) -> None:
    with st.open_trace(run) as trace:
        assert trace.drops.tolist() == [2]
        assert trace.lacking.tolist() == [[3, 1], [6, 2], [7, 2]]
    with st.open_trace(run.replace("*", "rank1")) as trace:
        assert (trace.drops.tolist(), trace.lacking.tolist()) == ([2, 3], [])


def test_every_table_that_they_touch_says_so(run: str) -> None:
    result = st.analyze(run, metrics=["num_activations", "match_accuracy", "basis_set_size"])
    gaps = f"1 step was missing: 2; {SAID}"
    assert result.gaps == gaps
    notes = {name: provenance_in(result.path(name))["notes"] for name in result}
    assert all(found["gaps"] == gaps for found in notes.values())
    taken = "taken together over the samples of those ranks only that have the step"
    assert taken in notes["num_activations"]["values"]
    assert taken in notes["match_accuracy"]["values"]


def test_info_and_validate_name_them(run: str) -> None:
    assert SAID in validate(run).notes
    assert f"note: {SAID}" in sparsey_trace("validate", run).stdout
    assert SAID in sparsey_trace("info", run).stdout
    found: dict[str, Any] = json.loads(sparsey_trace("info", run, "--json").stdout)
    assert found["lacking"] == [{"step": 3, "rank": 1}, {"step": 6, "rank": 2}, {"step": 7, "rank": 2}]


def test_ranks_without_a_file_are_missing_where_that_is_allowed(run: str) -> None:
    there = [run.replace("*", f"rank{rank}") for rank in (0, 1)]
    said = "of 3 ranks those of number 2 are missing"
    with pytest.raises(UsageError, match="missing_ranks: expected one of refuse, allow, found 'yes'"):
        st.open_trace(there, missing_ranks="yes")
    with st.open_trace(there, missing_ranks="allow") as trace:
        assert (trace.missing_ranks, trace.lacking.tolist()) == ((2,), [[3, 1]])
        result = st.analyze(trace, metrics=["num_activations"], n_jobs=2, chunk_size=5)
        with pickle.loads(pickle.dumps(trace)) as again:
            assert again.id == trace.id
    assert said in result.gaps
    for verb in ("info", "validate", "analyze"):
        assert sparsey_trace(verb, *there).returncode == 1
    assert said in sparsey_trace("info", *there, "--missing-ranks", "allow").stdout
    assert said in sparsey_trace("validate", *there, "--missing-ranks", "allow").stdout
    done = sparsey_trace("analyze", *there, "--missing-ranks", "allow", "-m", "num_activations", "--explain")
    assert done.returncode == 0, done.stderr


def test_steps_that_only_some_have_are_left_out_where_asked(run: str, tmp_path: Path) -> None:
    with st.open_trace(run) as trace, st.open_trace(run, complete_steps=True) as complete:
        assert (complete.id, complete.lacking.tolist(), complete.waiting) == (trace.id, [], 0)
        assert complete.drops.tolist() == [2, 3, 6, 7]
        assert complete.gaps == (
            (2, (0, 1, 2), ""),
            (3, (1,), "dropped"),
            (6, (2,), "the rank's file ends at step 5"),
            (7, (2,), "the rank's file ends at step 5"),
        )
        assert trace.gaps == complete.gaps
        step = trace.samples.step[:]
        kept = np.flatnonzero(np.isin(step, [0, 1, 4, 5]))
        np.testing.assert_array_equal(complete.samples.step[:], step[kept])
        np.testing.assert_array_equal(complete.inputs[:], trace.inputs[:][kept])
        picks = np.array([17, 3, -1])
        np.testing.assert_array_equal(complete.layers[0].codes[picks], trace.layers[0].codes[kept[picks]])
        with pickle.loads(pickle.dumps(complete)) as again:
            assert (len(again), again.rules) == (len(kept), replace(complete.rules, missing_ranks="allow"))
        results, asked = tmp_path / "results", {"metrics": ["basis_set_size"], "out": tmp_path / "results"}
        for one in (trace, complete, trace):
            found = st.analyze(one, **asked, n_jobs=2, chunk_size=5)["basis_set_size"]
            assert found.equals(st.analyze(one, metrics=["basis_set_size"])["basis_set_size"])
            about = provenance_in(results / "basis_set_size.parquet")
            assert (about["samples"], about["complete_steps"]) == (len(one), one is complete)


def test_the_command_line_leaves_them_out_where_asked(run: str, tmp_path: Path) -> None:
    out = sparsey_trace("info", run, "--complete-steps").stdout
    assert "(24 train, 0 eval) in 4 steps" in out
    assert "4 steps were missing: 2, 3, 6, 7 (not recorded by rank 2 and 1 more reasons)" in out
    assert f"note: {SAID}, and left out\n" in sparsey_trace("validate", run, "--complete-steps").stdout
    asked = ("-m", "num_activations", "--complete-steps")
    for command in (
        ("analyze", run, *asked, "-o", tmp_path / "tables"),
        ("export", run, *asked, "--to", "csv", "-o", tmp_path / "csv", "--tables", tmp_path / "tables"),
        (
            "plot",
            run,
            "num_activations",
            "--complete-steps",
            "-o",
            tmp_path / "x.svg",
            "--tables",
            tmp_path / "tables",
        ),
    ):
        done = sparsey_trace(*command)
        assert done.returncode == 0, done.stderr
    assert provenance_in(tmp_path / "tables" / "num_activations.parquet")["samples"] == 24


def test_one_file_alone_says_that_it_is_a_part(run: str) -> None:
    pattern, said = run.replace("*", "rank1*"), "of 3 ranks those of number 0, 2 are missing"
    with st.open_trace(pattern, missing_ranks="allow") as trace:
        assert (trace.missing_ranks, trace.lacking.tolist()) == ((0, 2), [])
        result = st.analyze(trace, metrics=["num_activations"])
    assert said in result.gaps
    taken = "taken together over the samples of those ranks only that have the step"
    assert result.notes["num_activations"] == [taken]
    with pytest.raises(UsageError, match="complete_steps: expected True or False, found 'yes'"):
        st.open_trace(pattern, complete_steps="yes")


def test_stretches_of_one_step_count_once() -> None:
    step, rank = np.array([0, 0, 0, 1, 4, 4]), np.array([0, 0, 3, 3, 0, 3])
    assert rank_gaps(step, rank, {0, 3}).tolist() == [[1, 0]]
    assert rank_gaps(step[:0], rank[:0], {0, 3}).tolist() == []
