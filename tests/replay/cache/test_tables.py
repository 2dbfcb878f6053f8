"""Tables that are there are used where they answer the question, and only there."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from sparsey_trace.metrics import BasisSetSize, FeatureCoverage, MatchAccuracy, sisc_adherence
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.replay.cache import code_version
from sparsey_trace.replay.cache.tables import _values_stay
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.cli.commands import LAYOUT, write_steps
from tests.replay.cache.folders import Inheriting, anew, content, explained, why

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_adherence_is_exact_until_it_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sisc_adherence, "EXACT_UP_TO", 20)
    monkeypatch.setattr(sisc_adherence, "DRAWN_BEYOND", 5)
    options = {"metrics": ["sisc_adherence"], "resolution": "sample"}
    known = []
    with TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        for start in range(0, 12, 2):
            write_steps(writer, 2, first=start)
            writer.commit()
            known.append(explained(tmp_path / "run.h5", tmp_path / "out", **options).tables[0].known)
            analyze(tmp_path / "run.h5", out=tmp_path / "out", **options)
            assert content(tmp_path / "out") == anew(tmp_path / "run.h5", tmp_path / "anew", **options)
    # With the fourth cut 24 training samples are there.
    assert known == [0, 0, 0, 0, 32, 40]


def test_what_answers_another_question_is_made_anew(
    trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    analyze(trace, out=out)
    assert set(why(trace, out).values()) == {""}
    assert why(trace, out, metrics=[MatchAccuracy(distance="jaccard")]) == {
        "match_accuracy": "there is a table made with distance hamming, not jaccard"
    }
    found = why(trace, out, resolution="epoch", metrics=["num_activations", "basis_average"])
    assert found["num_activations"] == "there is a table made with resolution step, not epoch"
    assert set(why(trace, out, cache=False).values()) == {"no cache is used"}
    monkeypatch.setattr(BasisSetSize, "version", 2)
    assert {name for name, reason in why(trace, out).items() if reason} == {
        "basis_set_size",
        "basis_set_size_increase",
    }
    monkeypatch.setattr(code_version, "_our_code", lambda: b"other")
    assert why(trace, out, metrics=["num_activations"]) == {
        "num_activations": "what was kept was made by other code"
    }


def test_an_older_copy_of_the_trace_is_analysed_for_itself(
    live: tuple[Path, TraceWriter], tmp_path: Path
) -> None:
    trace, writer = live
    shutil.copy(trace, tmp_path / "older.h5")
    write_steps(writer, 3, first=5)
    writer.commit()
    analyze(trace, out=tmp_path / "out")
    assert set(why(tmp_path / "older.h5", tmp_path / "out").values()) == {"the trace has lost 12 samples"}
    analyze(tmp_path / "older.h5", out=tmp_path / "out")
    assert content(tmp_path / "out") == anew(tmp_path / "older.h5", tmp_path / "anew")


def test_a_promise_about_values_is_not_inherited_by_other_values() -> None:
    assert _values_stay(FeatureCoverage(), {})
    assert not _values_stay(Inheriting(), {})
