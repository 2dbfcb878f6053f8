"""`analyze`: from a trace to tables, in two passes at most, in bounded memory."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from typing import TYPE_CHECKING, Any

from sparsey_trace.metrics.base import RunMetric, SampleMetric, TallyMetric
from sparsey_trace.replay.cache.cache import Cache
from sparsey_trace.replay.chance import chances_of
from sparsey_trace.replay.choose import asked
from sparsey_trace.replay.engine.engines import make_engine
from sparsey_trace.replay.engine.folding import Folding
from sparsey_trace.replay.engine.memory import keep_what_is_freed
from sparsey_trace.replay.engine.metric_errors import blaming
from sparsey_trace.replay.engine.task import Task
from sparsey_trace.replay.outputs import Outputs
from sparsey_trace.replay.pairs import MOST_PAIRS, check_pairs
from sparsey_trace.replay.plan import plan, stretches
from sparsey_trace.replay.result import Result, origin_of
from sparsey_trace.support.progress import progress
from sparsey_trace.support.user_path import user_path
from sparsey_trace.tables.names import paths_of
from sparsey_trace.trace.reading.open_trace import Snapshot

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.replay.chance import Chances
    from sparsey_trace.replay.engine.engines import Engine
    from sparsey_trace.replay.plan import Plan, PlannedFold, PlannedValues
    from sparsey_trace.replay.winners_met import WinnersMet
    from sparsey_trace.trace.reading.sources import Source
    from sparsey_trace.trace.reading.trace import Trace


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
    most_pairs: int = MOST_PAIRS,
    cache: bool = True,
    progress_bar: bool = False,
) -> Result:
    """Replay metrics from a trace.

    The same trace gives the same bytes of table, whatever the engine, the number of jobs and the
    size of chunks, and whatever earlier analyses left in the folder: what is there and whole isn't made
    again, and where the trace has grown only its new part is replayed. See `explain`.

    Args:
        source: a trace's path, several files' of one run or a pattern, as `open_trace` takes them; or an open trace.
        metrics: names, or metrics with parameters; by default all that are built in.
        resolution: over which samples values are taken together: `sample`, `step`, `epoch`, `run`.
        reduction: over which MACs and layers: None, `layerwise_mean`, `layerwise_sum`, `mean`, `sum`,
            `highest_layer`, `highest_layer_mean`, or `sparse` for basis averages.
        out: a folder for the Parquet files; it may hold earlier results of the same trace, and
            nothing else. By default they go to a temporary folder that lives as long as the result.
        n_jobs: how many jobs (threads; processes with engine='processes'); -1 for one on each core.
        engine: `serial`, `threads`, `processes`, or `auto`: threads where there is more than one job.
        chunk_size: how many samples are worked on at once; by default as many as `total_memory` allows.
        total_memory: what they may take together, as "800M", "1G" or in bytes.
        most_pairs: what would compare more pairs of samples than this, if no input comes twice, is refused before it
            begins; a metric's `reference_size` bounds them.
        cache: whether to use what earlier analyses left in `out`, and to leave there what later ones can use.
        progress_bar: show progress on standard error.

    Returns:
        The tables by name, read when they are asked for.

    Raises:
        UsageError: an unknown metric, parameter, resolution, reduction or engine.
        TraceError: no trace, a damaged or an empty one, none of the metrics can be computed, or one would compare
            more than `most_pairs`.
        OutputError: `out` holds something else, or can't be written.
        MetricError: a metric raised something of its own; none of the results appear.
    """
    question: dict[str, Any] = {"resolution": resolution, "reduction": reduction}
    budget: dict[str, Any] = {"n_jobs": n_jobs, "chunk_size": chunk_size, "total_memory": total_memory}
    keep_what_is_freed()
    with contextlib.ExitStack() as stack:
        found = stack.enter_context(asked(source, metrics=metrics, **question, **budget))
        trace = found.trace
        work = stack.enter_context(contextlib.closing(make_engine(engine, found.jobs)))
        folder = user_path(tempfile.mkdtemp(prefix="sparsey-trace-") if out is None else out)
        unless_done = stack.enter_context(contextlib.ExitStack())
        if out is None:
            unless_done.callback(shutil.rmtree, folder, ignore_errors=True)
        with Outputs(folder, trace, **question) as outputs:
            known = Cache(folder, trace, **question, used=cache and out is not None)
            todo = plan(found.metrics, known)
            check_pairs(todo, trace, most_pairs)
            if todo.missing:
                known.take_content()
            with progress("replaying", unit="samples", shown=progress_bar) as show:
                replay = _Replay(trace, work, outputs, found.chunk_size, question)
                states = replay.run_all(todo, show)
            halts = outputs.finish(replay.chances)
            known.forget(halts)
            outputs.publish()
            known.keep(todo.missing, halts, states)
        unless_done.pop_all()
        paths = paths_of(folder, todo.metrics)
        return Result(
            paths,
            skipped=found.skipped,
            temporary=folder if out is None else None,
            origin=origin_of(trace),
            by_sample=by_sample,
        )


def by_sample(trace: Trace, metric: Metric[Any], *, n_jobs: int = 1) -> Result:
    """A metric of a trace by sample, as means over the MACs of each layer; some charts need it.

    Raises:
        MetricError: the metric raised something of its own.
        TraceError: the trace is damaged or empty, or the metric can't be computed.
    """
    return analyze(trace, metrics=[metric], resolution="sample", reduction="layerwise_mean", n_jobs=n_jobs)


class _Replay:
    """The passes over one trace: where their chunks come from and where their values go."""

    def __init__(
        self, trace: Trace, engine: Engine, outputs: Outputs, chunk_size: int, question: Mapping[str, Any]
    ) -> None:
        self._trace, self._engine, self._outputs = trace, engine, outputs
        self._chunk_size, self._question = chunk_size, question
        # Kept to the end: engines tell tasks apart by their identity.
        self._tasks: list[Task] = []
        self._gatherer: WinnersMet | None = None
        self.chances: Chances | None = None

    def run_all(self, todo: Plan, on_done: Callable[[int, int], None]) -> list[tuple[Metric[Any], Any]]:
        """Do a plan; a metric of each fold that was taken on, and its state."""
        self._on_done, self._done, samples = on_done, 0, len(self._trace)
        first = stretches([*todo.folds, *todo.at_once], samples)
        second = stretches(todo.later, samples)
        self._total = sum(stop - start for start, stop in [*first, *second])
        foldings = [
            Folding(metric, self._trace.layout, [known.state] if known.samples else [])
            for metric, known in todo.folds
        ]
        planned = [one.metric for one in (*todo.at_once, *todo.later)]
        self._begin_chances([one for one in planned if isinstance(one, SampleMetric)], first)
        self._run(first, folds=list(zip(todo.folds, foldings, strict=True)), values=todo.at_once, results={})
        gathered, self._gatherer = self._gatherer, None
        if self.chances and gathered:
            self.chances.reach(samples)
        states = [
            (metric, folding.result()) for (metric, _), folding in zip(todo.folds, foldings, strict=True)
        ]
        results = self._finalize(todo.missing, {metric.fold_key: state for metric, state in states})
        self._run(second, folds=[], values=todo.later, results=results)
        return [
            found for found, (_, known) in zip(states, todo.folds, strict=True) if known.samples < samples
        ]

    def _begin_chances(self, metrics: Sequence[SampleMetric[Any]], first: Sequence[tuple[int, int]]) -> None:
        """Chance is gathered in the first pass, as what it needs is mostly read there anyway."""
        self.chances = chances_of(self._trace, metrics)
        if self.chances and first:
            self.chances.read(first[0][0])
            self._gatherer = self.chances.wanted

    def _run(
        self,
        spans: Sequence[tuple[int, int]],
        *,
        folds: Sequence[tuple[PlannedFold, Folding]],
        values: Sequence[PlannedValues],
        results: Mapping[Hashable, Any],
    ) -> None:
        """Do a pass, stretch by stretch: a task for each."""
        for metric, known in values:
            self._outputs.begin(metric, results.get(metric.fold_key), known.halts)
        for start, stop in spans:
            now = [(part.metric, folding) for part, folding in folds if part.known.samples <= start]
            giving = tuple(part.metric for part in values if part.known.samples <= start)
            task = Task(
                trace=Snapshot.of(self._trace, remedy="analyse it anew"),
                **self._question,
                folds=tuple(metric for metric, _ in now),
                giving=giving,
                results=tuple(results.get(metric.fold_key) for metric in giving),
                gatherer=self._gatherer,
            )
            self._stretch(task, start, stop, [folding for _, folding in now])

    def _stretch(self, task: Task, start: int, stop: int, foldings: Sequence[Folding]) -> None:
        self._tasks.append(task)
        size = self._chunk_size
        spans = [(first, min(first + size, stop)) for first in range(start, stop, size)]
        for done in self._engine.run(task, spans):
            for folding, state in zip(foldings, done.states, strict=True):
                folding.add(state)
            for metric, output in zip(task.giving, done.outputs, strict=True):
                self._outputs.take(metric, output)
            if self.chances and done.gathered:
                self.chances.take(done.gathered)
            self._done += done.samples
            self._on_done(self._done, self._total)

    def _finalize(self, metrics: list[Metric[Any]], states: dict[Hashable, Any]) -> dict[Hashable, Any]:
        """What the folds of sample metrics come to, by their keys; tables of run metrics go out at once."""
        results: dict[Hashable, Any] = {}
        for metric in metrics:
            key, layout = metric.fold_key, self._trace.layout
            if key not in states:
                continue
            with blaming(metric, "finalize"):
                if isinstance(metric, RunMetric) and not isinstance(metric, TallyMetric):
                    self._outputs.write(metric, metric.parts(states[key], layout))
                elif key not in results:
                    results[key] = metric.finalize(states[key], layout)
        return results
