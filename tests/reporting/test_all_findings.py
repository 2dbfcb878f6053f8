"""Findings say what a run came to, and something else of a run that came to the opposite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import sparsey_trace as st
from sparsey_trace.replay.find_or_make import Question, tables_of
from sparsey_trace.reporting.all_findings import all_findings
from sparsey_trace.reporting.runs import report_runs

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, *, learnt: bool, config: dict[str, int], evaluated: bool = True) -> Path:
    """A run whose codes follow the input, or are drawn anew each time and leave MAC 1 out."""
    rng = np.random.default_rng(3)
    layer = st.LayerLayout(name="v1", num_macs=2, num_cms=4, num_neurons=8, connections=[np.arange(16)] * 2)
    with st.TraceWriter(path, st.Layout(num_features=16, layers=[layer]), config=config) as writer:
        for step in range(12):
            inputs = np.eye(16, dtype=int)[rng.integers(16, size=20)]
            follows = np.stack([(inputs.argmax(axis=1) + cm) % 8 for cm in range(4)], axis=1)
            drawn = rng.integers(8, size=(20, 2, 4))
            writer.append(
                inputs=inputs,
                codes=[np.repeat(follows[:, None], 2, axis=1) if learnt else drawn],
                active=[np.stack([np.ones(20, bool), np.full(20, learnt)], axis=1)],
                phase="eval" if evaluated and step > 8 else "train",
            )
    return path


def findings(*runs: Path) -> dict[str, list[str]]:
    question = Question.about(None, n_jobs=1, progress_bar=False)
    traces = [st.open_trace(run) for run in runs]
    made = report_runs([(trace, tables_of(trace, question)) for trace in traces], n_jobs=1)
    found = {finding.about: list(finding.answers) for finding in all_findings(made)}
    for trace in traces:
        trace.close()
    return found


def test_runs_of_opposite_meaning_are_told_apart(tmp_path: Path) -> None:
    good = write(tmp_path / "good.h5", learnt=True, config={"k": 1, "lr": 2, "decay": 0})
    bad = write(tmp_path / "bad.h5", learnt=False, config={"k": 1, "lr": 3})
    both = findings(good, bad)
    assert both["What differs in the configuration?"] == [
        "lr: 2 in good, 3 in bad",
        "decay: 0 in good, nothing in bad",
    ]
    lead, for_good, comes_back = both["Does what was learnt come back?"]
    assert lead.startswith("Winners that agree with those for the most similar training input")
    assert for_good.startswith("good: v1 100% (by chance ")
    now, chance = (
        int(part.split("%")[0].split()[-1]) for part in comes_back.split("v1 ")[1].split("chance ")
    )
    assert abs(now - chance) <= 5
    assert both["Do all MACs take part?"] == [
        "good: Every MAC was active for at least one sample.",
        "bad: Never active: 1 of 2 MACs in v1.",
    ]
    new = [float(said.split("v1 ")[1].split("%")[0]) for said in both["Do new codes still appear?"][1:]]
    assert new[0] < 10 < 90 < new[1]
    assert both["Is anything missing?"] == ["Nothing: the whole run was recorded. This holds of every run."]


def test_a_run_with_nothing_to_say_says_so(tmp_path: Path) -> None:
    found = findings(write(tmp_path / "run.h5", learnt=True, config={}, evaluated=False))
    assert found["Does what was learnt come back?"] == [
        "That isn't known: no evaluation sample has a training input to be compared with."
    ]
    assert "Do similar inputs get similar codes?" not in found
