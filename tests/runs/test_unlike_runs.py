"""Folders of runs that aren't alike: other layers and codes, no configuration, no inputs, one that grows meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import sparsey_trace as st
from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.runs import one_run
from sparsey_trace.runs.runs import open_runs
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.cli.commands import LAYOUT, sparsey_trace, write_steps, write_trace

if TYPE_CHECKING:
    from pathlib import Path

METRICS = ["basis_set_size", "match_accuracy"]
OTHER = Layout(
    num_features=6,
    layers=[
        LayerLayout(name="only", num_macs=4, num_cms=3, num_neurons=7, connections=[[0], [1, 2], [3], [5]])
    ],
)


def write_other(path: Path) -> None:
    """A run of another model, of four steps."""
    rng = np.random.default_rng(0)
    with TraceWriter(path, OTHER, config={"model": "other"}) as writer:
        for phase in ("train", "train", "train", "eval"):
            codes = [rng.integers(7, size=(4, 4, 3))]
            active = [rng.random((4, 4)) < 0.8]
            writer.append(inputs=rng.integers(2, size=(4, 6)), codes=codes, active=active, phase=phase)


@pytest.fixture(scope="module")
def unlike(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Analysed runs: a usual one, one of another model, one without a configuration, one without inputs."""
    folder = tmp_path_factory.mktemp("unlike") / "runs"
    folder.mkdir()
    write_trace(folder / "usual.h5", config={"lr": 0.1})
    write_other(folder / "other.h5")
    write_trace(folder / "untold.h5", steps=12)
    write_trace(folder / "blind.h5", inputs=False, config={"lr": 0.5})
    open_runs(folder).analyze(metrics=METRICS)
    return folder


def test_each_has_the_tables_of_its_own_shape(unlike: Path) -> None:
    result = open_runs(unlike).analyze(metrics=METRICS)
    alone = st.analyze(unlike / "other.h5", metrics=METRICS)
    for table in alone:
        assert result.run("other").path(table).read_bytes() == alone.path(table).read_bytes()
    rows = result.to_pandas("basis_set_size")
    layers = rows.groupby("name")["layer_name"].unique().map(set).to_dict()
    usual = {name: {"v1", "v2"} for name in ("usual", "untold", "blind")}
    assert layers == {"other": {"only"}, **usual}
    assert set(result.to_pandas("match_accuracy")["name"]) == {"usual", "other", "untold"}


def test_what_runs_lack_is_said(unlike: Path) -> None:
    found = sparsey_trace("info", "runs", cwd=unlike.parent).stdout.splitlines()
    assert "models   v1 3x2x5, v2 2x3x4 (3 runs); only 4x3x7 (1 run)" in found
    assert [line.split() for line in found if line.startswith(("lr", "model "))] == [
        ["lr", "0.1,", "0.5,", "not", "there"],
        ["model", "other,", "not", "there"],
    ]
    asked = [word for metric in METRICS for word in ("-m", metric)]
    listed = sparsey_trace("analyze", "--runs", "runs", *asked, cwd=unlike.parent)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "skipped match_accuracy of blind: the trace has no inputs" in listed.stdout.splitlines()
    result = open_runs(unlike).analyze(metrics=METRICS)
    (lacking,) = result.lacking().values()
    assert lacking == {"match_accuracy": "the trace has no inputs"} == result.run("blind").skipped
    remarks = st.compare(result, metrics=METRICS).remarks
    assert "no match_accuracy of 1 run: blind" in remarks


def test_runs_without_any_configuration_are_compared_by_their_names(tmp_path: Path) -> None:
    for number in range(2):
        write_trace(tmp_path / f"r{number}.h5", steps=8 + 4 * number)
    runs = open_runs(tmp_path)
    assert [name for name in runs.catalogue() if name.startswith("config.")] == []
    sheet = st.compare(runs, metrics=["match_accuracy"]).sheet()
    assert (sheet.heads[:2], [row[0] for row in sheet.rows]) == (
        ("run", "match_accuracy eval"),
        ["r0", "r1"],
    )


def test_a_run_that_grows_while_all_are_analysed_goes_on_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_trace(tmp_path / "closed.h5")
    with TraceWriter(tmp_path / "live.h5", LAYOUT) as writer:
        write_steps(writer, 4)
        writer.commit()
        analyse, grown = one_run.analyze, list[int]()

        def meanwhile(trace: Any, **options: Any) -> Any:
            """One step more is there than when the folder was looked at, and one more than when this run was."""
            for _ in range(2):
                write_steps(writer, 1, first=4 + len(grown))
                writer.commit()
                grown.append(len(trace))
            return analyse(trace, **options)

        with monkeypatch.context() as patch:
            patch.setattr(one_run, "analyze", meanwhile)
            first = open_runs(tmp_path).analyze(metrics=METRICS)
        assert (first.failed, len(grown)) == ({}, 4)
    again = open_runs(tmp_path).analyze(metrics=METRICS)
    alone = st.analyze(tmp_path / "live.h5", metrics=METRICS)
    for table in alone:
        assert again.run("live").path(table).read_bytes() == alone.path(table).read_bytes()
