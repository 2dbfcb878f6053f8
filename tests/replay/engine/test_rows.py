"""What rows take that wait to be written is reckoned with, and bounded."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import pytest

import sparsey_trace as st
from sparsey_trace.metrics.registry import make_metric
from sparsey_trace.replay.engine import engines, worker
from sparsey_trace.replay.engine.rows import RowBytes, chunks_ahead
from tests.cli.commands import write_trace

if TYPE_CHECKING:
    from pathlib import Path

METRICS = ["num_activations", "basis_set_size", "sisc_adherence"]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trace of 32 samples."""
    return write_trace(tmp_path_factory.mktemp("run") / "run.h5")


def reckoned(path: Path, *, reduction: str | None = None, resolution: str = "sample", **how: Any) -> RowBytes:
    how = {"jobs": 1, "partition_size": None, **how}
    with st.open_trace(path) as trace:
        metrics = [make_metric(name) for name in METRICS]
        return RowBytes.of(metrics, trace, resolution=resolution, reduction=reduction, **how)


@pytest.mark.parametrize("reduction", [None, "highest_layer", "layerwise_mean", "mean"])
def test_rows_take_what_is_reckoned(
    path: Path, reduction: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, sizes = worker.chunk_values, list[int]()

    def measured(*given: Any, **how: Any) -> Any:
        found = real(*given, **how)
        sizes.append(found.macs.nbytes)
        return found

    monkeypatch.setattr(worker, "chunk_values", measured)
    st.analyze(path, metrics=METRICS, resolution="sample", reduction=reduction)
    held = reckoned(path, reduction=reduction)
    assert 0.5 < sum(sizes) / (32 * held.per_sample / 2) <= 1
    assert held.fixed == 32 * held.per_sample / 2


def test_more_jobs_have_more_rows_waiting_and_so_smaller_chunks(path: Path) -> None:
    one, many = reckoned(path), reckoned(path, jobs=16)
    assert (many.per_sample, many.fixed) == (11 * one.per_sample, one.fixed)
    # Each has files of its own, where each has a partition of its own.
    apart = reckoned(path, jobs=3, partition_size=4)
    assert (apart.per_sample, apart.fixed) == (3 * one.per_sample, 3 * one.fixed)
    assert reckoned(path, resolution="step") == (0, 0)
    told = [st.explain(path, resolution=how, n_jobs=16, total_memory="170M") for how in ("step", "sample")]
    assert told[0].chunk_size > told[1].chunk_size
    assert told[1].memory > told[1].chunk_size * many.per_sample


def test_few_chunks_are_ahead_where_their_rows_are_large() -> None:
    assert [chunks_ahead("sample", jobs) for jobs in (1, 2, 16)] == [2, 4, 18]
    assert [chunks_ahead("step", jobs) for jobs in (1, 2, 16)] == [2, 4, 32]
    begun = []

    def submit(span: tuple[int, int]) -> Future[Any]:
        begun.append(span)
        future: Future[Any] = Future()
        future.set_result(span)
        return future

    spans = [(at, at + 1) for at in range(40)]
    taken = engines._in_order(submit, spans, 18)
    assert next(taken) == (0, 1)
    assert len(begun) == 19
    assert list(taken) == spans[1:]
