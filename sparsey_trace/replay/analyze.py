"""`analyze`: from a trace to tables, in two passes at most, in bounded memory."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparsey_trace.metrics.base import RunMetric
from sparsey_trace.progress import progress
from sparsey_trace.replay.blame import blaming
from sparsey_trace.replay.choosing import choose, computable
from sparsey_trace.replay.engines import jobs, make_engine
from sparsey_trace.replay.folding import Folding
from sparsey_trace.replay.memory import chunk_samples
from sparsey_trace.replay.outputs import Outputs
from sparsey_trace.replay.plan import plan
from sparsey_trace.replay.result import Result
from sparsey_trace.trace.reader import Trace, open_trace

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.replay.engines import Engine
    from sparsey_trace.replay.plan import Pass
    from sparsey_trace.trace.sources import Source


def analyze(
    source: Source | Trace,
    *,
    metrics: Iterable[str | Metric[Any]] | None = None,
    resolution: str = "step",
    reduction: str | None = None,
    out: str | os.PathLike[str] | None = None,
    n_jobs: int = 1,
    engine: str = "auto",
    chunk_size: int | None = None,
    total_memory: str | int = "1G",
    progress_bar: bool = False,
) -> Result:
    """Replay metrics from a trace.

    The same trace gives the same bytes of table, whatever the engine, the number of processes and the
    size of chunks.

    Args:
        source: a trace's path, several files' of one run or a pattern, as `open_trace` takes them; or an open trace.
        metrics: names, or metrics with parameters; by default all that are built in.
        resolution: over which samples values are taken together: `sample`, `step`, `epoch`, `run`.
        reduction: over which MACs and layers: None, `layerwise_mean`, `layerwise_sum`, `mean`, `sum`,
            `highest_layer`, `highest_layer_mean`, or `sparse` for basis averages.
        out: a folder for the Parquet files; it may hold earlier results of the same trace, and
            nothing else. By default they go to a temporary folder that lives as long as the result.
        n_jobs: how many processes; -1 for one on each core.
        engine: `serial`, `processes`, or `auto`: processes where there is more than one job.
        chunk_size: how many samples are worked on at once; by default as many as `total_memory` allows.
        total_memory: what all processes together may take, as "800M", "1G" or in bytes.
        progress_bar: show progress on standard error.

    Returns:
        The tables by name, read when they are asked for.

    Raises:
        UsageError: an unknown metric, parameter, resolution, reduction or engine.
        TraceError: no trace, a damaged or an empty one, or none of the metrics can be computed.
        OutputError: `out` holds something else, or can't be written.
        MetricError: a metric raised something of its own; none of the results appear.
    """
    chosen, skipped = choose(metrics, resolution=resolution, reduction=reduction)
    processes = jobs(n_jobs)
    with contextlib.ExitStack() as stack:
        trace = source if isinstance(source, Trace) else stack.enter_context(open_trace(source))
        wanted, lacking = computable(chosen, trace)
        size = chunk_samples(trace, chunk_size, total_memory, processes)
        work = stack.enter_context(contextlib.closing(make_engine(engine, processes)))
        folder = Path(tempfile.mkdtemp(prefix="sparsey-trace-") if out is None else out)
        unless_done = stack.enter_context(contextlib.ExitStack())
        if out is None:
            unless_done.callback(shutil.rmtree, folder, ignore_errors=True)
        with Outputs(folder, trace, resolution=resolution, reduction=reduction) as outputs:
            first, later = plan(wanted, trace, resolution=resolution, reduction=reduction)
            spans = [(start, min(start + size, len(trace))) for start in range(0, len(trace), size)]
            total = len(trace) * (1 + bool(later))
            with progress("replaying", unit="samples", shown=progress_bar) as show:
                replay = _Replay(trace, work, outputs, spans, lambda done: show(done, total))
                states = replay.run(first)
                results = replay.finalize(wanted, states)
                if later:
                    rows = tuple(later)
                    known = tuple(results[metric.fold_key] for metric in rows)
                    replay.run(replace(first, folds=(), rows=rows, results=known))
        unless_done.pop_all()
        return Result(
            outputs.published, skipped={**skipped, **lacking}, temporary=folder if out is None else None
        )


class _Replay:
    """Passes over one trace: where their chunks come from and where their values go."""

    def __init__(
        self,
        trace: Trace,
        engine: Engine,
        outputs: Outputs,
        spans: Sequence[tuple[int, int]],
        on_done: Callable[[int], None],
    ) -> None:
        self._trace, self._engine, self._outputs = trace, engine, outputs
        self._spans, self._on_done = spans, on_done
        self._done = 0

    def run(self, task: Pass) -> dict[Hashable, Any]:
        """Do a pass; the state that each of its folds comes to, by the fold's key."""
        foldings = [Folding(metric, self._trace.layout) for metric in task.folds]
        for metric, result in zip(task.rows, task.results, strict=True):
            self._outputs.begin(metric, result)
        for done in self._engine.run(task, self._spans):
            for folding, state in zip(foldings, done.states, strict=True):
                folding.add(state)
            for metric, output in zip(task.rows, done.outputs, strict=True):
                self._outputs.take(metric, output)
            self._done += done.samples
            self._on_done(self._done)
        return {m.fold_key: folding.result() for m, folding in zip(task.folds, foldings, strict=True)}

    def finalize(self, metrics: list[Metric[Any]], states: dict[Hashable, Any]) -> dict[Hashable, Any]:
        """What the folds come to, by their keys; tables of run metrics go out at once."""
        results: dict[Hashable, Any] = {}
        for metric in metrics:
            key = metric.fold_key
            if key in states and key not in results:
                with blaming(metric, "finalize"):
                    results[key] = metric.finalize(states[key], self._trace.layout)
            if isinstance(metric, RunMetric) and key in results:
                with blaming(metric, "finalize"):
                    self._outputs.write(metric, results[key])
        return results
