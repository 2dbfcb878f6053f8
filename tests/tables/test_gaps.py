"""What a trace doesn't hold is said with every result, where it matters and only there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from sparsey_trace.cli.main import main
from sparsey_trace.errors import TraceError
from sparsey_trace.metrics import NumActivations, available, make_metric
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.tables.gaps import Gaps
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.rescue.validate import validate
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.cli.commands import LAYOUT, write_steps, write_trace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LOWER = "a lower bound: codes that only unrecorded steps showed are not counted"
CUT = "taken together over the recorded samples of an epoch or of the run only"
ACROSS = "taken together over the recorded layers only"


def written(
    path: Path, *, sampling: Mapping[str, Any] | None = None, drops: list[int] | None = None, steps: int = 8
) -> Path:
    with TraceWriter(path, LAYOUT, sampling=sampling) as writer:
        write_steps(writer, steps)
        writer.note_drops(drops or [])
    return path


def test_it_says_why(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        write_steps(writer, 2)
        writer.note_drops([2, 3, 5], ["a tie", "M: step 3, sample 9: a nan", "a nan " + "é" * 200])
        writer.note_drops([4], ["a nan"])
    assert str(gaps(tmp_path / "run.h5")) == "4 steps were missing: 2, 3, 4, 5 (a nan and 2 more reasons)"
    with open_trace(tmp_path / "run.h5") as trace:
        assert trace.drop_reasons == {2: "a tie", 3: "a nan", 4: "a nan", 5: "a nan " + "é" * 57}
    assert validate(tmp_path / "run.h5").notes == ("4 steps missing, the first 2: a tie",)


def gaps(path: Path) -> Gaps:
    with open_trace(path) as trace:
        return Gaps.of(trace)


@pytest.mark.parametrize(
    ("sampling", "drops", "line"),
    [
        ({}, [], ""),
        ({"every": 1, "phases": ["eval", "train"], "layers": []}, [], ""),
        ({"every": 10}, [], "one step in 10 was recorded"),
        ({"phases": ["train"]}, [], "only train steps were recorded"),
        ({"predicate": "loss > 1"}, [], "only steps that loss > 1 chose were recorded"),
        ({"layers": ["v0"]}, [], "1 layer was not recorded: v0"),
        ({}, [5, 9, 12], "3 steps were missing: 5, 9, 12"),
        (
            {},
            list(range(12)),
            "12 steps were missing: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …",
        ),
        (
            {"every": 2, "layers": ["a", "b"]},
            [1],
            "one step in 2 was recorded; 2 layers were not recorded: a, b; 1 step was missing: 1",
        ),
    ],
)
def test_in_words(tmp_path: Path, sampling: dict[str, Any], drops: list[int], line: str) -> None:
    assert str(gaps(written(tmp_path / "run.h5", sampling=sampling, drops=drops))) == line


NOTES = [
    # sampling, resolution, reduction, and lines that are wanted for some of the metrics; the others have none
    (
        {"every": 3},
        "sample",
        None,
        {"basis_set_size": [LOWER], "num_activations": [], "feature_coverage": []},
    ),
    ({"every": 3}, "step", None, {"basis_set_size": [LOWER], "num_activations": [], "feature_coverage": []}),
    (
        {"every": 3},
        "epoch",
        None,
        {"basis_set_size": [LOWER], "num_activations": [CUT], "match_accuracy": [CUT]},
    ),
    ({"predicate": "p"}, "run", "sum", {"basis_set_size": [LOWER], "num_activations": [CUT]}),
    ({"phases": ["train"]}, "run", None, dict.fromkeys(available(), ())),
    ({"phases": ["eval"]}, "run", None, dict.fromkeys(available(), ())),
    (
        {"layers": ["v0"]},
        "step",
        "layerwise_mean",
        {"basis_set_size": [], "feature_coverage": ["an upper bound"]},
    ),
    ({"layers": ["v0"]}, "step", "mean", {"basis_set_size": [ACROSS], "sisc_adherence": [ACROSS]}),
    ({"layers": ["v0"]}, "step", "highest_layer", {"num_activations": [ACROSS]}),
]


@pytest.mark.parametrize(("sampling", "resolution", "reduction", "wanted"), NOTES)
def test_values_are_spoken_of_where_they_are_touched(
    tmp_path: Path,
    sampling: dict[str, Any],
    resolution: str,
    reduction: str | None,
    wanted: dict[str, list[str]],
) -> None:
    found = gaps(written(tmp_path / "run.h5", sampling=sampling))
    for name, lines in wanted.items():
        said = found.values(make_metric(name), resolution=resolution, reduction=reduction)
        said = [line for line in said if not line.startswith("compared with")]
        assert len(said) == len(lines), name
        assert all(map(str.startswith, said, lines)), name


def test_a_drop_touches_both_phases(tmp_path: Path) -> None:
    found = gaps(written(tmp_path / "run.h5", drops=[3]))
    metric = make_metric("match_accuracy")
    assert len(found.values(metric, resolution="epoch", reduction=None)) == 2
    assert found.values(metric, resolution="step", reduction=None)[0].startswith("compared with recorded")


def test_metrics_without_meaning_are_refused(tmp_path: Path) -> None:
    of_eval = analyze(written(tmp_path / "eval.h5", sampling={"phases": ["eval"]}))
    reason = "it needs training steps, which were not recorded"
    learning = {
        "basis_set_size",
        "basis_set_size_increase",
        "match_accuracy",
        "basis_average",
        "sisc_adherence",
        "code_usage",
        "basis_set",
        "sisc_curve",
    }
    assert of_eval.skipped == dict.fromkeys(learning, reason)
    of_train = analyze(written(tmp_path / "train.h5", sampling={"phases": ["train"]}))
    assert of_train.skipped == {"match_accuracy": "it has values in eval steps only, which were not recorded"}
    with pytest.raises(TraceError, match=rf"can be computed, found none \(basis_set_size: {reason}\)"):
        analyze(tmp_path / "eval.h5", metrics=["basis_set_size"])


def test_tables_and_results_carry_it(tmp_path: Path) -> None:
    result = analyze(written(tmp_path / "run.h5", sampling={"every": 3}, drops=[9]))
    line = "one step in 3 was recorded; 1 step was missing: 9"
    assert result.gaps == line
    assert result.notes["basis_set_size"] == [LOWER]
    assert "num_activations" not in result.notes
    shown = result._repr_html_()
    assert f"<p>{line}</p>" in shown
    assert f"<p>basis_set_size: {LOWER}</p>" in shown
    for name, path in result.paths.items():
        notes = said(path)
        assert (notes["gaps"], notes["values"]) == (line, result.notes.get(name, []))


def said(table: Path) -> dict[str, Any]:
    notes: dict[str, Any] = json.loads(pq.read_schema(table).metadata[b"sparsey_trace"])["notes"]
    return notes


def test_all_tables_of_an_analysis_tell_the_same_of_a_run_that_goes_on(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        write_steps(writer, 4)
        writer.note_drops([4])
        writer.commit()

        class Meanwhile(NumActivations):
            """A metric during whose replay another step is dropped."""

            name = "meanwhile"

            def values(self, *arguments: Any) -> Any:
                writer.note_drops([5])
                writer.commit()
                return super().values(*arguments)

        out = tmp_path / "out"
        analyze(tmp_path / "run.h5", out=out, metrics=[Meanwhile(), "basis_set"])
        assert str(gaps(tmp_path / "run.h5")) == "2 steps were missing: 4, 5"
    told = {table.stem: said(table)["gaps"] for table in out.glob("*.parquet")}
    assert told == dict.fromkeys(("meanwhile", "basis_set"), "1 step was missing: 4")


def test_a_whole_trace_is_not_spoken_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_trace(tmp_path / "run.h5")
    result = analyze(path, metrics=["basis_set_size"])
    assert (result.gaps, result.notes) == ("", {})
    assert (
        json.loads(pq.read_schema(result.paths["basis_set_size"]).metadata[b"sparsey_trace"])["notes"] == {}
    )
    assert main(["info", str(path)]) == 0
    assert "gaps" not in capsys.readouterr().out


def test_the_bound_is_one(tmp_path: Path) -> None:
    whole = analyze(write_trace(tmp_path / "whole.h5", steps=24), metrics=["basis_set_size"])
    with TraceWriter(tmp_path / "part.h5", LAYOUT, sampling={"every": 4}) as writer:
        for step in range(0, 24, 4):
            write_steps(writer, 1, first=step)
    part = analyze(tmp_path / "part.h5", metrics=["basis_set_size"])
    sizes = [
        result.to_pandas("basis_set_size").groupby(["layer", "mac"])["value"].last()
        for result in (part, whole)
    ]
    assert (sizes[0] <= sizes[1]).all()
    assert (sizes[0] < sizes[1]).any()


def test_the_commands_say_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "run.h5", sampling={"every": 3, "layers": ["a\nb\x1b[2J"]}, drops=[9, 10])
    line = "one step in 3 was recorded; 1 layer was not recorded: a b\\x1b[2J; 2 steps were missing: 9, 10"
    assert main(["analyze", str(path), "-m", "basis_set_size"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"{path}: {line}" in lines
    assert lines.index(f"{path}: {line}") + 1 == lines.index(f"note on basis_set_size: {LOWER}")
    assert main(["analyze", str(path), "-m", "basis_set_size", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["notes"] == {"basis_set_size": [LOWER]}
    assert found["gaps"].startswith("one step in 3 was recorded; ")
    assert main(["info", str(path)]) == 0
    text = capsys.readouterr().out
    assert f"gaps      {line}\n" in text
    assert f"yes: {LOWER}\n" in text
    assert main(["info", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["drops"], found["sampling"]["every"]) == ([9, 10], 3)
    assert found["notes"]["basis_set_size"] == [LOWER]


@pytest.mark.parametrize(
    "sampling", [{"every": "often"}, {"phases": "train"}, {"layers": {}}, {"every": True}]
)
def test_nonsense_is_an_error_that_names_it(tmp_path: Path, sampling: dict[str, Any]) -> None:
    path = written(tmp_path / "run.h5", sampling=sampling)
    key, value = next(iter(sampling.items()))
    kind = "int" if key == "every" else "list"
    with pytest.raises(
        TraceError, match=rf"run\.h5: sampling: expected {key} to be of type {kind}, found {value!r}"
    ):
        analyze(path)


def test_every_line_is_short_prose() -> None:
    for name in available():
        metric = make_metric(name)
        for line in (metric.partial_training, metric.partial_layers):
            assert len(line) < 110
            assert not line.endswith(".")
    learning = {name for name in available() if make_metric(name).partial_training}
    assert learning == set(available()) - {
        "num_activations",
        "feature_coverage",
        "label_information",
        "layer_value",
    }
