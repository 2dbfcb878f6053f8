"""`analyze` as users call it: bytes that don't change, folders that stay whole, reasons that are said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest

from sparsey_trace.errors import OutputError, SparseyTraceError, TraceError, UsageError
from sparsey_trace.metrics import FeatureCoverage, MatchAccuracy, SiscAdherence
from sparsey_trace.replay import analyze as module
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.replay.engine.engines import ProcessesEngine
from sparsey_trace.testing import append_step, split, write_run
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.golden_runs import load_golden
from tests.table_counts import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.metrics.base import Context, SampleValues
    from sparsey_trace.replay.engine.task import Task
    from sparsey_trace.replay.engine.worker import Done


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "run.h5"
    write_run(path, load_golden("final_mnist_rect")[0])
    return path


@pytest.fixture(scope="module")
def short(trace: Path) -> Path:
    """Every third step of it, of both phases: chunks of one sample take their time."""
    run, path = load_golden("final_mnist_rect")[0], trace.with_name("short.h5")
    steps = split(run, (np.flatnonzero(np.diff(run.step)) + 1).tolist())
    with TraceWriter(path, run.layout) as writer:
        for step in steps[::3]:
            append_step(writer, step)
    return path


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("[!.]*"))}


class Lasting(ProcessesEngine):
    """Two processes that several analyses of one trace share: starting them takes longer than the analyses."""

    def __init__(self) -> None:
        super().__init__(2)
        # Processes know tasks by their numbers, which others would get after these are gone.
        self._tasks: list[Task] = []

    def run(self, task: Task, spans: Sequence[tuple[int, int]]) -> Iterator[Done]:
        self._tasks.append(task)
        return super().run(task, spans)

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def processes() -> Iterator[Lasting]:
    engine = Lasting()
    yield engine
    ProcessesEngine.close(engine)


@pytest.mark.parametrize("resolution", ["sample", "step", "epoch"])
def test_bytes_do_not_depend_on_engine_or_chunks(
    short: Path, tmp_path: Path, resolution: str, processes: Lasting, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyze(short, resolution=resolution, out=tmp_path / "serial")
    expected = bytes_of(tmp_path / "serial")
    assert len(expected) == (8 if resolution == "sample" else TABLES)
    for chunk_size in (1, 13, 1000):
        analyze(short, resolution=resolution, out=tmp_path / f"{chunk_size}", chunk_size=chunk_size)
        assert bytes_of(tmp_path / f"{chunk_size}") == expected
    options = {"resolution": resolution, "n_jobs": 2, "chunk_size": 23}
    analyze(short, out=tmp_path / "threads", engine="threads", **options)
    assert bytes_of(tmp_path / "threads") == expected
    monkeypatch.setattr(module, "make_engine", lambda name, workers: processes)
    analyze(short, out=tmp_path / "processes", engine="processes", **options)
    assert bytes_of(tmp_path / "processes") == expected


def test_tables_say_how_they_were_made(trace: Path) -> None:
    result = analyze(trace, metrics=[SiscAdherence(reference_size=9, seed=4)], resolution="run")
    found = json.loads(pq.read_schema(result.paths["sisc_adherence"]).metadata[b"sparsey_trace"])
    assert found["parameters"] == {"reference_size": 9, "seed": 4, "similarity": "jaccard"}
    assert found["notes"] == {"exact": False, "reference_size": 9, "training_samples": 100}
    assert (found["samples"], found["resolution"], len(found["trace"])) == (140, "run", 32)


def test_a_bounded_store_that_holds_everything_is_exact(trace: Path) -> None:
    everything = analyze(trace, metrics=["match_accuracy"], resolution="sample")
    bounded = analyze(trace, metrics=[MatchAccuracy(reference_size=1000)], resolution="sample")
    name = "match_accuracy"
    assert bounded[name].replace_schema_metadata(None).equals(everything[name].replace_schema_metadata(None))


def test_a_seed_changes_the_draw(trace: Path) -> None:
    tables = [
        analyze(trace, metrics=[MatchAccuracy(reference_size=8, seed=seed)], resolution="sample").to_pandas(
            "match_accuracy"
        )
        for seed in (0, 0, 1)
    ]
    assert tables[0].equals(tables[1])
    assert not tables[0].equals(tables[2])


def test_results_of_another_trace_are_not_overwritten(trace: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.h5"
    write_run(other, load_golden("spring_digits_silent")[0])
    analyze(other, out=tmp_path / "out", metrics=["num_activations"])
    before = bytes_of(tmp_path / "out")
    with pytest.raises(
        OutputError, match=r"expected an empty folder, or earlier results of .*run\.h5, found results"
    ):
        analyze(trace, out=tmp_path / "out")
    assert bytes_of(tmp_path / "out") == before
    analyze(other, out=tmp_path / "out", metrics=["num_activations", "basis_set_size"])
    assert len(bytes_of(tmp_path / "out")) == 2


def test_foreign_files_and_files_for_folders_are_refused(trace: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"found notes\.txt; choose another folder"):
        analyze(trace, out=tmp_path)
    with pytest.raises(OutputError, match="expected a folder for the results, found a file"):
        analyze(trace, out=tmp_path / "notes.txt")


class Failing(FeatureCoverage):
    name = "failing"

    def values(self, chunk: Chunk, layout: object, context: Context) -> SampleValues:
        if chunk.start:
            msg = "no"
            raise RuntimeError(msg)
        return super().values(chunk, layout, context)


def test_an_analysis_that_fails_leaves_nothing(trace: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no"):
        analyze(trace, metrics=["num_activations", Failing()], out=tmp_path, chunk_size=50)
    assert list(tmp_path.iterdir()) == []


def test_without_inputs_the_others_are_computed(tmp_path: Path) -> None:
    run, _ = load_golden("spring_digits_silent")
    with TraceWriter(tmp_path / "run.h5", run.layout, inputs="none") as writer:
        writer.append(
            inputs=None,
            codes=[c[:4] % 3 for c in run.codes],
            active=[a[:4] for a in run.active],
            phase="train",
        )
    result = analyze(tmp_path / "run.h5")
    assert set(result) == {
        "num_activations",
        "basis_set_size",
        "basis_set_size_increase",
        "code_usage",
        "basis_set",
        "label_information",
    }
    assert result.skipped["match_accuracy"] == "the trace has no inputs"
    with pytest.raises(KeyError, match="match_accuracy was not computed: the trace has no inputs"):
        result["match_accuracy"]
    with pytest.raises(TraceError, match="expected a metric that can be computed, found none"):
        analyze(tmp_path / "run.h5", metrics=["feature_coverage"])


def test_an_empty_trace_is_said_to_be_empty(tmp_path: Path) -> None:
    TraceWriter(tmp_path / "run.h5", load_golden("spring_digits_silent")[0].layout).close()
    with pytest.raises(TraceError, match="expected at least one committed sample, found an empty trace"):
        analyze(tmp_path / "run.h5")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"resolution": "day"}, "resolution: expected one of sample, step, epoch, run, found 'day'"),
        ({"reduction": "max"}, "reduction: expected one of none, layerwise_mean, .*, found 'max'"),
        ({"metrics": ["basis_set_sise"]}, r"found 'basis_set_sise' \(did you mean basis_set_size\?\)"),
        (
            {"metrics": ["basis_set_size"], "reduction": "sparse"},
            "basis_set_size: reduction: expected none, layer",
        ),
        ({"metrics": ["num_activations"] * 2}, "expected each name once, found num_activations twice"),
        ({"n_jobs": 0}, r"n_jobs: expected -1 \(one for each core\) or at least 1, found 0"),
        (
            {"engine": "spark"},
            "engine: expected one of auto, serial, threads, processes, dask, found 'spark'",
        ),
        ({"chunk_size": 0}, "chunk_size: expected at least 1 sample, found 0"),
        (
            {"total_memory": "much"},
            "total_memory: expected bytes, or a text such as '800M' or '1G', found 'much'",
        ),
    ],
)
def test_wrong_arguments(trace: Path, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        analyze(trace, **arguments)


def test_a_dead_process_is_explained(trace: Path) -> None:
    with pytest.raises(
        SparseyTraceError, match="expected them to live until the work was done, found one dead"
    ):
        analyze(trace, metrics=[Deadly()], n_jobs=1, engine="processes")


class Deadly(FeatureCoverage):
    name = "deadly"

    def values(self, chunk: Chunk, layout: object, context: Context) -> SampleValues:
        import os

        os._exit(3)


def test_the_summary_tells_the_last_and_the_best_epoch(trace: Path) -> None:
    result = analyze(trace, metrics=["feature_coverage", "basis_average"])
    epochs = analyze(trace, metrics=["feature_coverage"], resolution="epoch", reduction="layerwise_mean")
    values = epochs.to_pandas("feature_coverage").set_index(["phase", "layer", "epoch"])["value"]
    summary = result.summary().set_index(["metric", "phase", "layer"])
    for phase in ("train", "eval"):
        for layer in range(3):
            row = summary.loc["feature_coverage", phase, layer]
            assert np.float32(row["now"]) == values[phase, layer].iloc[-1]
            assert np.float32(row["best"]) == values[phase, layer].max()
            assert row["best_epoch"] == values[phase, layer].idxmax()
    active = load_golden("final_mnist_rect")[0]
    assert summary["now"]["basis_average", "train", 0] == active.active[0][active.is_train].any(axis=0).sum()


def test_temporary_folders_go_with_the_result(trace: Path) -> None:
    result = analyze(trace, metrics=["num_activations"])
    folder = result.paths["num_activations"].parent
    assert folder.exists()
    assert "num_activations" in repr(result)
    assert "<td>num_activations</td>" in result._repr_html_()
    del result
    assert not folder.exists()
