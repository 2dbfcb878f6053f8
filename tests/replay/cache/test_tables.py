"""Tables that are there are used where they answer the question, and only there."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import h5py
import hdf5plugin  # noqa: F401 - registers the Zstd filter with HDF5
import numpy as np
import pytest

from sparsey_trace.errors import CacheWarning
from sparsey_trace.metrics import BasisSetSize, FeatureCoverage, MatchAccuracy, drawn_samples
from sparsey_trace.metrics.declaration import promises_to_stay
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.replay.cache import code_version
from sparsey_trace.replay.cache.private_folder import FOLDER
from sparsey_trace.replay.cache.sealed_files import read_sealed, write_sealed
from sparsey_trace.replay.find_or_make import Question, tables_of
from sparsey_trace.tables.groups import Groups
from sparsey_trace.tables.run_totals import RunTotals
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.cli.commands import LAYOUT, write_steps
from tests.replay.cache.folders import Inheriting, anew, content, explained, why

if TYPE_CHECKING:
    from pathlib import Path


def test_adherence_is_exact_until_it_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn_samples, "EXACT_UP_TO", 20)
    monkeypatch.setattr(drawn_samples, "DRAWN_BEYOND", 5)
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
    monkeypatch.setattr(code_version, "our_code", lambda: "other")
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


def test_an_edited_trace_is_analysed_anew(
    trace: Path, tmp_path: Path, replayed: list[tuple[int, int]]
) -> None:
    out = tmp_path / "out"
    analyze(trace, out=out, resolution="sample")
    with h5py.File(trace, "r+") as file:
        file["samples/label"][:] = 7
    assert set(why(trace, out, resolution="sample").values()) == {"the trace was edited since"}
    replayed.clear()
    analyze(trace, out=out, resolution="sample")
    # Not even folds go on.
    assert replayed == [(0, 32)] * 2
    assert content(out) == anew(trace, tmp_path / "anew", resolution="sample")
    assert set(why(trace, out, resolution="sample").values()) == {""}


FORGED = {
    "no groups": (lambda _: 3, "groups: expected Groups, found int"),
    "groups at all": (lambda _: None, "groups: expected them where resolution is not sample, found NoneType"),
    "another kind": (
        lambda groups: replace(groups, over_samples="last"),
        "over_samples: expected mean, found last",
    ),
    "keys": (lambda groups: replace(groups, key=groups.key + 1), "key: expected those of the groups' steps"),
    "more keys": (lambda groups: replace(groups, key=np.arange(9)), r"step: expected the shape \(9,\)"),
    "steps": (
        lambda groups: replace(groups, step=groups.step - 10**9),
        "step: expected numbers of at least 0",
    ),
    "epochs": (
        lambda groups: replace(groups, epoch=groups.epoch.astype(float)),
        "epoch: expected an array of int32",
    ),
    "phases": (lambda groups: replace(groups, phase=groups.phase + 2), "phase: expected numbers below 2"),
    "no samples": (
        lambda groups: replace(groups, samples=groups.samples * 0),
        "samples: expected numbers of at",
    ),
    "many samples": (
        lambda groups: replace(groups, samples=groups.samples + 10**9),
        "samples: expected numbers below",
    ),
    "fewer MACs": (
        lambda groups: replace(groups, totals=groups.totals[:, :, 1:]),
        "totals: expected the shape",
    ),
    "no parts": (lambda groups: replace(groups, totals=groups.totals[:1]), "totals: expected the shape"),
    "wide parts": (
        lambda groups: replace(groups, totals=groups.totals + (1 << 50)),
        r"2\^-40ths: expected numbers below",
    ),
}


COVERAGE = {"metrics": ["feature_coverage"]}


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A trace that has grown since it was analysed, beside the folder `left` of then; and what comes of it now."""
    trace = tmp_path_factory.mktemp("grown") / "run.h5"
    with TraceWriter(trace, LAYOUT) as writer:
        write_steps(writer, 5)
        writer.commit()
        analyze(trace, out=trace.with_name("left"), **COVERAGE)
        write_steps(writer, 2, first=20)
    return trace, anew(trace, trace.with_name("anew"), **COVERAGE)


@pytest.mark.parametrize("forged", FORGED)
def test_forged_totals_are_named_and_made_anew(
    grown: tuple[Path, dict[str, bytes]], tmp_path: Path, forged: str
) -> None:
    trace, expected = grown
    out = shutil.copytree(trace.with_name("left"), tmp_path / "out")
    path = out / FOLDER / "feature_coverage.table"
    about, (groups, totals) = read_sealed(path, (Groups, RunTotals))
    change, found = FORGED[forged]
    write_sealed(path, about, (change(groups), totals), (Groups, RunTotals))
    with pytest.warns(
        CacheWarning,
        match=rf"feature_coverage\.table: expected totals that can be gone on from, found {found}",
    ):
        analyze(trace, out=out, **COVERAGE)
    assert content(out) == expected


def test_more_rows_than_there_are_are_named(live: tuple[Path, TraceWriter], tmp_path: Path) -> None:
    trace, writer = live
    out, options = tmp_path / "out", {"metrics": ["feature_coverage"], "resolution": "sample"}
    analyze(trace, out=out, **options)
    path = out / FOLDER / "feature_coverage.table"
    about, known = read_sealed(path, (Groups, RunTotals))
    write_sealed(path, {**about, "rows": 10**9}, known, (Groups, RunTotals))
    write_steps(writer, 2, first=20)
    writer.commit()
    with pytest.warns(CacheWarning, match=r"gone on from, found rows: expected a whole number from 0 to"):
        analyze(trace, out=out, **options)
    assert content(out) == anew(trace, tmp_path / "anew", **options)


def test_a_trace_that_was_copied_or_touched_keeps_its_tables(trace: Path, tmp_path: Path) -> None:
    analyze(trace, out=tmp_path / "out")
    trace.touch()
    copy = shutil.copy(trace, tmp_path / "copy.h5")
    trace.unlink()
    assert set(why(copy, tmp_path / "out").values()) == {""}


def test_charts_and_comparisons_see_that_a_trace_was_edited(trace: Path) -> None:
    metric = MatchAccuracy()
    question = Question(
        metrics=[metric], skipped={}, resolution="step", reduction=None, n_jobs=1, progress_bar=False
    )
    with open_trace(trace) as run:
        tables_of(run, question)
    with h5py.File(trace, "r+") as file:
        file["inputs"][:] = file["inputs"][:][::-1]
    with open_trace(trace) as run:
        found = tables_of(run, question)
    assert list(found.made) == ["match_accuracy"]
    expected = anew(trace, trace.parent / "anew", metrics=[metric])
    assert found.result.path("match_accuracy").read_bytes() == expected["match_accuracy.parquet"]


def test_a_promise_about_values_is_not_inherited_by_other_values() -> None:
    assert promises_to_stay(FeatureCoverage(), {})
    assert not promises_to_stay(Inheriting(), {})
