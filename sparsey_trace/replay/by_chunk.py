"""The replay of a trace chunk by chunk: an engine does each, and this process makes tables of what they come to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sparsey_trace.metrics.base import RunMetric, SampleMetric, TallyMetric
from sparsey_trace.replay.chance import chances_of
from sparsey_trace.replay.engine.folding import Folding
from sparsey_trace.replay.engine.metric_errors import blaming
from sparsey_trace.replay.engine.task import Task
from sparsey_trace.replay.plan import stretches
from sparsey_trace.trace.reading.open_trace import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.replay.chance import Chances
    from sparsey_trace.replay.engine.engines import Engine
    from sparsey_trace.replay.outputs import Outputs
    from sparsey_trace.replay.plan import Plan, PlannedFold, PlannedValues
    from sparsey_trace.replay.winners_met import WinnersMet
    from sparsey_trace.trace.reading.trace import Trace


class ChunkedReplay:
    """The passes over one trace: where their chunks come from and where their values go.

    Args:
        trace: the trace.
        engine: does the chunks.
        outputs: takes the values.
        chunk_size: how many samples are worked on at once.
        question: the resolution and the reduction.

    Attributes:
        chances: what was gathered of chances on the way.
    """

    def __init__(
        self, trace: Trace, engine: Engine, outputs: Outputs, chunk_size: int, question: Mapping[str, Any]
    ) -> None:
        """Nothing is done yet."""
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
        merged = self._engine.lanes.each([folding.result for folding in foldings])
        # What they were merged from may be as large, and isn't needed any more.
        foldings.clear()
        states = [(metric, state) for (metric, _), state in zip(todo.folds, merged, strict=True)]
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
        put = self._engine.lanes.put
        for done in self._engine.run(task, spans):
            for folding, state in zip(foldings, done.states, strict=True):
                put(folding, partial(folding.add, state))
            for metric, output in zip(task.giving, done.outputs, strict=True):
                put(metric.name, partial(self._outputs.take, metric, output))
            if self.chances and done.gathered:
                put(self.chances, partial(self.chances.take, done.gathered))
            self._done += done.samples
            self._on_done(self._done, self._total)
        self._engine.lanes.join()

    def _finalize(self, metrics: list[Metric[Any]], states: dict[Hashable, Any]) -> dict[Hashable, Any]:
        """What the folds of sample metrics come to, by their keys; tables of run metrics go out at once."""
        results: dict[Hashable, Any] = {}
        layout = self._trace.layout

        def finalize(metric: Metric[Any]) -> None:
            with blaming(metric, "finalize"):
                results[metric.fold_key] = metric.finalize(states[metric.fold_key], layout)

        def write(metric: RunMetric[Any]) -> None:
            with blaming(metric, "finalize"):
                self._outputs.write(metric, metric.parts(states[metric.fold_key], layout))

        folded = [metric for metric in metrics if metric.fold_key in states]
        tables = [one for one in folded if isinstance(one, RunMetric) and not isinstance(one, TallyMetric)]
        giving = {metric.fold_key: metric for metric in reversed(folded) if metric not in tables}
        self._engine.lanes.each(
            [partial(write, metric) for metric in tables]
            + [partial(finalize, metric) for metric in giving.values()]
        )
        return results
