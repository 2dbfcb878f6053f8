"""A trace of several partitions comes to what it comes to as one, whoever works on them."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sparsey_trace
from sparsey_trace.errors import CacheWarning, MetricError, OutputError
from sparsey_trace.metrics import FeatureCoverage, MatchAccuracy, SiscAdherence
from sparsey_trace.replay import calls
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.replay.cache.private_folder import FOLDER
from sparsey_trace.replay.partitioned.piece import Piece
from sparsey_trace.testing import append_step, runs, split
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.cli.commands import write_trace
from tests.faults import times
from tests.replay.cache.folders import anew, content, why

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.replay.result import Result

RESOLUTIONS = ("sample", "step", "epoch", "run")
METRICS = (None, [MatchAccuracy(reference_size=3, repeated="first"), SiscAdherence(reference_size=2, seed=1)])

FEW: dict[str, Any] = {
    "metrics": ["basis_set_size", "match_accuracy", "code_usage", "basis_set"],
    "partition_size": 8,
}
"""Metrics of every kind, by four partitions: of values, with a fold or without, of counts, of the whole run."""


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trace of 32 samples."""
    return write_trace(tmp_path_factory.mktemp("run") / "run.h5")


@pytest.fixture(scope="module")
def parted(trace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tables in parts."""
    folder = tmp_path_factory.mktemp("parted") / "out"
    analyze(trace, out=folder, **FEW)
    return folder


def expect_same(found: Result, expected: Result) -> None:
    assert list(found) == list(expected)
    for name in expected:
        one, other = (of[name].replace_schema_metadata(None).unify_dictionaries() for of in (found, expected))
        assert one.equals(other), name
    assert found.summary_rows() == expected.summary_rows()
    assert (found.notes, found.gaps, found.skipped) == (expected.notes, expected.gaps, expected.skipped)


@settings(max_examples=times(2, 200), deadline=None)
@given(
    run=runs().filter(lambda run: len(run) > 1),
    cut=st.integers(0, 8),
    power=st.integers(1, 4),
    resolution=st.sampled_from(RESOLUTIONS),
    reduction=st.sampled_from([None, None, "layerwise_mean", "sum"]),
    metrics=st.sampled_from(METRICS),
    chunk_size=st.integers(1, 50),
)
def test_it_comes_to_the_same_and_grown_to_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory,
    run: Chunk,
    cut: int,
    power: int,
    chunk_size: int,
    **question: Any,
) -> None:
    folder = tmp_path_factory.mktemp("parted")
    steps = split(run, (np.flatnonzero(np.diff(run.step)) + 1).tolist())
    options = {**question, "partition_size": 2**power}
    with TraceWriter(folder / "run.h5", run.layout) as writer:
        for part in (steps[:cut], steps[cut:]):
            for step in part:
                append_step(writer, step)
            writer.commit()
            if part:
                found = analyze(folder / "run.h5", out=folder / "out", chunk_size=chunk_size, **options)
    assert content(folder / "out") == anew(folder / "run.h5", folder / "anew", **options)
    expect_same(found, analyze(folder / "run.h5", partition_size=None, **question))


def test_bytes_do_not_depend_on_who_works(trace: Path, parted: Path, tmp_path: Path) -> None:
    expected = content(parted)
    assert {"match_accuracy/part-00003.parquet", "code_usage.parquet"} < expected.keys()
    analyze(trace, out=tmp_path / "chunks", chunk_size=3, **FEW)
    assert content(tmp_path / "chunks") == expected
    # As many partitions as two for each job, and fewer.
    for jobs in (2, 3):
        analyze(trace, out=tmp_path / f"{jobs}", engine="threads", n_jobs=jobs, **FEW)
        assert content(tmp_path / f"{jobs}") == expected
        assert [path for path in (tmp_path / f"{jobs}" / FOLDER).iterdir() if path.is_dir()] == []


def test_whatever_reads_tables_reads_parts(trace: Path, parted: Path, tmp_path: Path) -> None:
    import pandas as pd
    import polars as pl

    whole = analyze(trace, out=tmp_path / "whole", metrics=FEW["metrics"])
    sizes = whole.to_pandas("basis_set_size")["value"].tolist()
    assert pd.read_parquet(parted / "basis_set_size")["value"].tolist() == sizes
    assert pl.read_parquet(parted / "basis_set_size")["value"].to_list() == sizes
    for tables, to in ((parted, "parts"), (tmp_path / "whole", "one")):
        sparsey_trace.export(trace, to="csv", out=tmp_path / to, metrics=FEW["metrics"], tables=tables)
    assert content(tmp_path / "parts") == content(tmp_path / "one")


def test_again_nothing_is_replayed(trace: Path, parted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Piece, "add", None)
    found = analyze(trace, out=parted, **FEW)
    assert {path.name for path in found.paths.values()} == {
        *("code_usage.parquet", "basis_set.parquet", "basis_set_size", "match_accuracy")
    }
    other = why(trace, parted, **{**FEW, "partition_size": 16})
    assert other["basis_set_size"] == "there is a table made with partition_size 8, not 16"
    assert other["basis_set"] == ""


def test_what_is_damaged_is_named_and_made_anew(trace: Path, parted: Path, tmp_path: Path) -> None:
    expected = content(parted)
    for name in ("basis_set_size/part-00001.parquet", "basis_set_size.manifest.json"):
        folder = tmp_path / name.partition("/")[0]
        shutil.copytree(parted, folder)
        damaged = bytearray((folder / name).read_bytes())
        damaged[len(damaged) // 2] ^= 0x80
        (folder / name).write_bytes(damaged)
        with pytest.warns(
            CacheWarning, match="basis_set_size: expected the table as it was written, found it"
        ):
            analyze(trace, out=folder, **FEW)
        assert content(folder) == expected


def test_one_form_takes_the_place_of_the_other(trace: Path, parted: Path, tmp_path: Path) -> None:
    one = {**FEW, "partition_size": None}
    whole, expected = anew(trace, tmp_path / "whole", **one), content(parted)
    shutil.copytree(parted, tmp_path / "out")
    analyze(trace, out=tmp_path / "out", **one)
    assert content(tmp_path / "out") == whole
    analyze(trace, out=tmp_path / "out", **FEW)
    assert content(tmp_path / "out") == expected


def test_an_analysis_that_was_interrupted_goes_on(
    trace: Path, parted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Piece] = []

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    def counted(piece: Piece) -> Piece:
        done.append(piece)
        return piece

    with monkeypatch.context() as patch:
        patch.setattr(calls, "merge_states", interrupted)
        with pytest.raises(KeyboardInterrupt):
            analyze(trace, out=tmp_path / "out", **FEW)
    assert list((tmp_path / "out").glob("[!.]*")) == []
    monkeypatch.setattr(Piece, "__enter__", counted)
    analyze(trace, out=tmp_path / "out", **FEW)
    # Those of the second pass only.
    assert len(done) == 4
    assert content(tmp_path / "out") == content(parted)


class Failing(FeatureCoverage):
    """A metric that fails in the middle of the run."""

    name = "failing"

    def values(self, chunk: Chunk, *arguments: Any) -> Any:
        if chunk.start > 0:
            msg = "no"
            raise ValueError(msg)
        return super().values(chunk, *arguments)


def test_an_analysis_that_fails_leaves_nothing(trace: Path, tmp_path: Path) -> None:
    with pytest.raises(MetricError, match=r"^failing: expected values to work on every run, found .* no$"):
        analyze(trace, metrics=[Failing()], out=tmp_path / "out", partition_size=8)
    assert not (tmp_path / "out").exists()


def test_whose_a_folder_of_parts_is(trace: Path, parted: Path, tmp_path: Path) -> None:
    other = write_trace(tmp_path / "other.h5", steps=2)
    with pytest.raises(OutputError, match=r"found results of another trace \(basis_set"):
        analyze(other, out=parted)
    # As a kill would leave it, between the first part and the manifest.
    shutil.copytree(parted, tmp_path / "out")
    for manifest in (tmp_path / "out").glob("*.json"):
        manifest.unlink()
    with pytest.raises(OutputError, match=r"found results of another trace \(basis_set"):
        analyze(other, out=tmp_path / "out")
    analyze(trace, out=tmp_path / "out", **FEW)
    assert content(tmp_path / "out") == content(parted)


def test_a_part_says_what_it_is_of_and_nothing_of_what_comes_later(parted: Path) -> None:
    import pyarrow.parquet as pq

    schema = pq.read_schema(parted / "basis_set_size" / "part-00001.parquet")
    made = json.loads(schema.metadata[b"sparsey_trace"])
    said = json.loads((parted / "basis_set_size.manifest.json").read_text())
    whole = said["metadata"]["sparsey_trace"]
    assert {key for key in whole if key not in made} == {"samples", "notes"}
    assert made == {key: whole[key] for key in made}
    assert [part["start"] for part in said["parts"]] == [0, 8, 16, 24]
