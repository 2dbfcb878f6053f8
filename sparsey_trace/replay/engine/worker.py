"""What is done with one chunk of the trace, in whichever process."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import DataError
from sparsey_trace.metrics.base import CODES_AND_ACTIVITY, Context, Recalled, TallyMetric
from sparsey_trace.metrics.declaration import fault_of_values
from sparsey_trace.metrics.folding.memo import Memo
from sparsey_trace.replay.engine.memory import KEPT_BYTES
from sparsey_trace.replay.engine.metric_errors import blaming
from sparsey_trace.tables.chunk_values import chunk_values

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.metrics.base import Metric, SampleMetric, SampleValues, Tally
    from sparsey_trace.replay.engine.task import Task
    from sparsey_trace.tables.chunk_values import ChunkValues


@dataclass(frozen=True, eq=False)
class Done:
    """What came of one chunk.

    Attributes:
        states: for each fold of the task, the chunk's state.
        outputs: for each metric of the task that gives out something, its values, or its tally; None where no sample
            has one.
        samples: how many samples the chunk had.
        gathered: what the task's gatherer found; None where there was nothing for it.
    """

    states: list[Any]
    outputs: list[ChunkValues | Tally | None]
    samples: int
    gathered: Any = None


class SharedTrace:
    """The trace of an analysis, open in one process, for all its tasks and threads.

    Args:
        task: one of them.

    Raises:
        TraceError: the trace isn't the one that the task is about any more.
    """

    def __init__(self, task: Task) -> None:
        """Open it."""
        # Samples are recalled from all over it, the same stretches again and again.
        self.trace = task.trace.opened(cache_bytes=KEPT_BYTES)

    def recall(self, samples: NDArray[np.int64], fields: frozenset[str]) -> Recalled:
        """Samples of these numbers; see `Recall`."""
        layers = self.trace.layers
        return Recalled(
            inputs=self.trace.metric_inputs(samples) if "inputs" in fields else None,
            codes=tuple(layer.codes[samples] for layer in layers) if "codes" in fields else (),
            active=tuple(layer.active[samples] for layer in layers) if "active" in fields else (),
            phase=self.trace.samples.phase[samples] if "phase" in fields else None,
        )

    def close(self) -> None:
        """Close it."""
        self.trace.close()


class Worker:
    """Does the chunks of a task in one process, in any number of threads.

    Args:
        task: the task.
        source: its trace.
        memos: as of `memos_of`; what the threads at work on the task share.
    """

    def __init__(self, task: Task, source: SharedTrace, memos: Sequence[Memo]) -> None:
        """See the class."""
        self._task, self._trace = task, source.trace
        self._contexts = [
            Context(result, source.recall, memo) for result, memo in zip(task.results, memos, strict=True)
        ]

    def __call__(self, span: tuple[int, int]) -> Done:
        """Do one chunk, from a sample to before another."""
        phase = self._trace.samples.phase[slice(*span)]
        phases = set(np.unique(phase).tolist())
        gatherer = self._task.gatherer
        if gatherer and not gatherer.wants(span[0], phase, self._trace.samples.epoch[slice(*span)]):
            gatherer = None
        chunk = self._trace.chunk(
            *span, fields=self._fields(phases) | (CODES_AND_ACTIVITY if gatherer else frozenset())
        )
        layout = chunk.layout
        states: list[Any] = []
        outputs: list[ChunkValues | Tally | None] = []
        for metric in self._task.folds:
            with blaming(metric, "update"):
                states.append(metric.update(metric.init(layout), chunk))
        for giving, context in zip(self._task.giving, self._contexts, strict=True):
            has_any = phases.intersection(giving.values_phases)
            if isinstance(giving, TallyMetric):
                with blaming(giving, "tally"):
                    outputs.append(giving.tally(chunk, layout, context) if has_any else None)
            else:
                with blaming(giving, "values"):
                    given = giving.values(chunk, layout, context) if has_any else None
                    outputs.append(self._output(giving, given, chunk))
        return Done(states, outputs, len(chunk), gatherer.gather(chunk) if gatherer else None)

    def _output(
        self, metric: SampleMetric[Any], given: SampleValues | None, chunk: Chunk
    ) -> ChunkValues | None:
        if given is None:
            return None
        if fault := fault_of_values(metric, given, chunk):
            raise DataError(fault)
        return chunk_values(
            metric, given, chunk, resolution=self._task.resolution, reduction=self._task.reduction
        )

    def _fields(self, phases: set[int]) -> frozenset[str]:
        wanted = [metric.requires for metric in self._task.folds]
        wanted += [
            metric.values_require for metric in self._task.giving if phases & set(metric.values_phases)
        ]
        return frozenset().union(*wanted)


def memos_of(task: Task) -> list[Memo]:
    """An empty Memo for each metric of the task that gives out something; those that share a fold share it, too."""
    sharing: dict[Hashable, list[Metric[Any]]] = {}
    for metric in task.giving:
        sharing.setdefault(metric.fold_key, []).append(metric)
    made = {key: Memo(metrics) for key, metrics in sharing.items()}
    return [made[metric.fold_key] for metric in task.giving]


_sources: list[SharedTrace] = []
"""Of this process, which serves one analysis: its trace, once it is open."""


@lru_cache(maxsize=1)
def _worker(path: Path) -> Worker:
    with path.open("rb") as stream:
        task = pickle.load(stream)
    if not _sources:
        _sources.append(SharedTrace(task))
    return Worker(task, _sources[0], memos_of(task))


def work_from_file(path: Path, span: tuple[int, int]) -> Done:
    """Do one chunk of the task that the parent process left in a file."""
    return _worker(path)(span)
