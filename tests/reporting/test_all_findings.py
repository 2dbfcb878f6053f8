"""Findings say what a run came to, and something else of a run that came to the opposite."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

import sparsey_trace as st
from sparsey_trace.replay.find_or_make import Question, tables_of
from sparsey_trace.reporting.all_findings import all_findings, of_several
from sparsey_trace.reporting.finding import Answer
from sparsey_trace.reporting.runs import report_runs

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.reporting.finding import Finding
    from sparsey_trace.reporting.runs import ReportRun


def write(
    path: Path,
    *,
    learnt: bool,
    config: dict[str, int] | None = None,
    evaluated: bool = True,
    idle: tuple[str, ...] = (),
    scale: float = 1,
    base: float = 0,
) -> Path:
    """A run whose codes follow the input, or are drawn anew each time and leave MAC 1 out.

    Args:
        path: where.
        learnt: whether codes follow the input.
        config: of the run.
        evaluated: whether its last steps are of evaluation.
        idle: phases in which no MAC is active.
        scale: what features that are on are times.
        base: what is added to all features.
    """
    rng = np.random.default_rng(3)
    layer = st.LayerLayout(name="v1", num_macs=2, num_cms=4, num_neurons=8, connections=[np.arange(16)] * 2)
    with st.TraceWriter(path, st.Layout(num_features=16, layers=[layer]), config=config or {}) as writer:
        for step in range(12):
            inputs = np.eye(16, dtype=int)[rng.integers(16, size=20)]
            follows = np.stack([(inputs.argmax(axis=1) + cm) % 8 for cm in range(4)], axis=1)
            drawn = rng.integers(8, size=(20, 2, 4))
            phase = "eval" if evaluated and step > 8 else "train"
            active = np.stack([np.ones(20, bool), np.full(20, learnt)], axis=1)
            writer.append(
                inputs=inputs if (scale, base) == (1, 0) else base + scale * inputs,
                codes=[np.repeat(follows[:, None], 2, axis=1) if learnt else drawn],
                active=[active & (phase not in idle)],
                phase=phase,
            )
    return path


def findings(*runs: Path) -> dict[str, Finding]:
    question = Question.about(None, n_jobs=1, progress_bar=False)
    traces = [st.open_trace(run) for run in runs]
    made = report_runs([(trace, tables_of(trace, question)) for trace in traces], n_jobs=1)
    found = {finding.about: finding for finding in all_findings(made)}
    for trace in traces:
        trace.close()
    return found


def beside(finding: Finding) -> tuple[str, list[list[str]]]:
    """The table of a finding: what it shows, and its rows, heads first."""
    assert finding.table is not None
    return finding.table.caption, [list(row) for row in (finding.table.heads, *finding.table.rows)]


def test_runs_of_opposite_meaning_are_told_apart(tmp_path: Path) -> None:
    good = write(tmp_path / "good.h5", learnt=True, config={"k": 1, "lr": 2, "decay": 0})
    bad = write(tmp_path / "bad.h5", learnt=False, config={"k": 1, "lr": 3})
    both = findings(good, bad)
    assert both["What differs in the configuration?"].answers == [
        "lr: 2 in good, 3 in bad",
        "decay: 0 in good, nothing in bad",
    ]
    lead, (heads, for_good, for_bad) = beside(both["Does what was learnt come back?"])
    assert (
        lead
        == "Winners that agree with those for the most similar training input, over 60 evaluation samples"
    )
    assert (heads, for_good[0], for_bad[0]) == (["", "v1"], "good", "bad")
    assert for_good[1].startswith("100% (by chance ")
    now, chance = (int(part.split("%")[0]) for part in for_bad[1].split(" (by chance "))
    assert abs(now - chance) <= 5
    assert both["Do all MACs take part?"].answers == [
        "good: Every MAC was active at least once, over 180 training samples.",
        "bad: MACs that were never active, over 180 training samples: v1 1 of 2.",
    ]
    assert both["Does what was learnt come back?"].answers == ["bad: In v1 that can't be told from chance."]
    new = [float(row[1].rstrip("%")) for row in beside(both["Do new codes still appear?"])[1][1:]]
    assert new[0] < 10 < 90 < new[1]
    assert both["Is anything missing?"].answers == [
        "Nothing: the whole run was recorded. This holds of every run."
    ]


def test_a_run_with_nothing_to_say_says_so(tmp_path: Path) -> None:
    found = findings(write(tmp_path / "run.h5", learnt=True, config={}, evaluated=False))
    assert found["Does what was learnt come back?"].answers == [
        "That isn't known: no evaluation sample has a training input to be compared with."
    ]
    assert "Do similar inputs get similar codes?" not in found


def test_a_layer_that_does_nothing_in_a_phase_is_told(tmp_path: Path) -> None:
    learner = findings(write(tmp_path / "eval.h5", learnt=True, idle=("eval",)))
    assert learner["Do all MACs take part?"].answers == [
        "Every MAC was active at least once, over 180 training samples. In v1 no MAC was active in evaluation."
    ]
    never = findings(write(tmp_path / "train.h5", learnt=True, idle=("train",)))
    assert never["Do all MACs take part?"].answers == [
        "MACs that were never active, over 180 training samples: v1 2 of 2. In v1 MACs were active in evaluation only."
    ]
    dead = findings(write(tmp_path / "dead.h5", learnt=True, idle=("train", "eval")))
    assert dead["Does what was learnt come back?"].answers == [
        "That isn't known: no MAC was active, neither for the evaluation samples nor for the training inputs that they "
        "are most similar to."
    ]


def test_inputs_that_are_numbers_are_said_to_be_compared_by_zeros(tmp_path: Path) -> None:
    some = findings(write(tmp_path / "some.h5", learnt=True, scale=0.5))
    (answer,) = some["Does what was learnt come back?"].answers
    assert answer.endswith(". Inputs are numbers: how similar they are is told only by whether they are 0.")
    none = findings(write(tmp_path / "none.h5", learnt=True, scale=0.5, base=0.25))
    (answer,) = none["Does what was learnt come back?"].answers
    assert answer.endswith("and the most similar one is simply the first.")


def test_runs_over_unlike_samples_say_over_which() -> None:
    def answer(samples: int, **told: Any) -> tuple[ReportRun, Answer]:
        run = SimpleNamespace(name=f"of {samples}", view=SimpleNamespace(layers={0: "v1", 1: "v2"}))
        return cast("ReportRun", run), Answer(said="Told", over=f"{samples} samples", **told)

    found = of_several("?", [answer(6, by_layer={0: "3%"}, remark="Odd."), answer(8, by_layer={1: "5%"})])
    assert found.answers == ["of 6: Odd."]
    assert beside(found) == (
        "Told",
        [["", "v1", "v2"], ["of 6, over 6 samples", "3%", ""], ["of 8, over 8 samples", "", "5%"]],
    )
    lacking = of_several("?", [answer(6, by_layer={0: "3%"}), answer(8)])
    assert lacking.answers == ["of 6: Told, over 6 samples: v1 3%.", "of 8: Told."]
    assert lacking.table is None
