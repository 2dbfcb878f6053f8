"""The replay of a trace of several partitions: which calls are made, in which order, and what they come to together.

Only names go through the process that drives it, and exact totals of values. States of folds, and rows, are in files.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.metrics.base import Metric, RunMetric, SampleMetric, TallyMetric
from sparsey_trace.replay import calls
from sparsey_trace.replay.cache.code_version import maker_of, our_code
from sparsey_trace.replay.cache.private_folder import FOLDER, make_private
from sparsey_trace.replay.hands import all_of
from sparsey_trace.replay.partitioned.job import (
    Fold,
    Job,
    Span,
    merges_of,
    name_of,
    spans_of,
    units_of,
)
from sparsey_trace.replay.partitioned.piece import is_there
from sparsey_trace.replay.partitioned.states import has_state, remove_state
from sparsey_trace.support.writing import writing
from sparsey_trace.tables.manifest import Part, part_name
from sparsey_trace.trace.reading.open_trace import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sparsey_trace.replay.hands import Hands
    from sparsey_trace.replay.outputs import Outputs
    from sparsey_trace.replay.partitioned.job import Unit
    from sparsey_trace.replay.partitioned.partitions import Partition
    from sparsey_trace.replay.plan import Plan, PlannedValues
    from sparsey_trace.trace.reading.trace import Trace

WORK = "work-"
"""How the folder of a job is called, in that of the cache."""


class PartitionedReplay:
    """A plan that is done partition by partition.

    Args:
        trace: the trace.
        todo: the plan.
        job: the job that it comes to; its folder is there.
        partitions: of the trace.
    """

    def __init__(self, trace: Trace, todo: Plan, job: Job, partitions: Sequence[Partition]) -> None:
        """Nothing is done yet."""
        self._todo, self._job, self._partitions, self._samples = todo, job, partitions, len(trace)
        at_once = {place: one.known.samples for place, one in enumerate(todo.at_once)}
        later = {len(at_once) + place: one.known.samples for place, one in enumerate(todo.later)}
        begins = {place: fold.known for place, fold in enumerate(job.folds)}
        self.first = units_of(partitions, begins, at_once, samples=self._samples)
        self.second = units_of(partitions, {}, later, samples=self._samples)
        self._notes: dict[str, dict[str, Any]] = {}

    def run_all(self, hands: Hands, on_done: Callable[[int, int], None]) -> None:
        """Make all calls."""
        total = sum(unit.span.stop - unit.span.start for unit in (*self.first, *self.second))
        done = self._pass(hands, self.first, 0, total, on_done)
        self.merge(hands)
        tables = [(metric,) for metric in self._job.tables]
        all_of(hands, calls.write_table, self._job, tables)
        self._pass(hands, self.second, done, total, on_done)
        self.conclude(hands)

    def _pass(
        self, hands: Hands, units: Sequence[Unit], done: int, total: int, on_done: Callable[[int, int], None]
    ) -> int:
        for _, samples in hands.each(calls.do_unit, self._job, [(unit,) for unit in units]):
            done += samples
            on_done(done, total)
        return done

    def merge(self, hands: Hands) -> None:
        """Make of all states of a fold one."""
        known = [(place,) for place, fold in enumerate(self._job.folds) if fold.known]
        all_of(hands, calls.take_known, self._job, known)
        everything = Span(0, self._samples)
        leaves = [spans_of(fold, self._partitions) for fold in self._job.folds]
        levels = [
            [] if has_state(self._job, place, everything) else merges_of(spans)
            for place, spans in enumerate(leaves)
        ]
        for level in zip_longest(*levels, fillvalue=[]):
            pairs = [(fold, *pair) for fold, of_fold in enumerate(level) for pair in of_fold]
            all_of(hands, calls.merge_states, self._job, pairs)
            for fold, *merged in pairs:
                # Else the disk would have to hold each level of a large state.
                for span in (span for span in merged if span not in leaves[fold]):
                    remove_state(self._job, fold, span)

        all_of(hands, calls.make_excerpts, self._job, self._excerpts())

    def _excerpts(self) -> list[tuple[int, list[Span]]]:
        """Of which folds, and for which stretches, something is to be given out that may lean on an excerpt."""
        spans: dict[int, list[Span]] = {}
        for unit in (unit for unit in self.second if not is_there(self._job, unit)):
            for fold in self._job.folds_for(unit):
                spans.setdefault(fold, []).append(unit.span)
        return [
            (fold, of_fold)
            for fold, of_fold in spans.items()
            if type(self._job.folds[fold].metric).excerpt is not Metric.excerpt
        ]

    def conclude(self, hands: Hands) -> None:
        """Make the tables of what was counted, and the notes on what was measured."""
        giving = self._job.giving
        counted = [
            (one.metric, [partition.number for partition in self._since(one)])
            for one in self._planned
            if isinstance(one.metric, TallyMetric)
        ]
        all_of(hands, calls.write_table, self._job, counted)
        measured = [metric for metric in giving if isinstance(metric, SampleMetric)]
        notes = all_of(hands, calls.notes_of, self._job, [(metric,) for metric in measured])
        self._notes = {metric.name: found for metric, found in zip(measured, notes, strict=True)}

    @property
    def _planned(self) -> list[PlannedValues]:
        return [*self._todo.at_once, *self._todo.later]

    def _since(self, one: PlannedValues) -> list[Partition]:
        """The partitions of which a metric's values are made anew."""
        return [partition for partition in self._partitions if partition.stop > one.known.samples]

    def hand_over(self, outputs: Outputs) -> None:
        """Put what the calls have left into the tables of an analysis."""
        for metric in self._job.tables:
            outputs.adopt(metric.name, self._job.folder / f"{metric.name}.parquet")
        for one in self._planned:
            if isinstance(one.metric, TallyMetric):
                outputs.adopt(one.metric.name, self._job.folder / f"{one.metric.name}.parquet")
            elif self._job.is_parted(one.metric):
                self._put_together(outputs, one, one.metric)
            else:
                outputs.begin(one.metric, None, one.known.halts, notes=self._notes[one.metric.name])
                for partition in self._since(one):
                    path = self._job.values_path(one.metric, partition.number)
                    for name, (groups, totals) in calls.read_values(self._job, path)[1].items():
                        outputs.add(name, groups, totals)

    def _put_together(self, outputs: Outputs, one: PlannedValues, metric: SampleMetric[Any]) -> None:
        tables = outputs.begin_parts(metric, self._notes[metric.name], one.known)
        for partition in self._since(one):
            path = self._job.values_path(metric, partition.number)
            about, values = calls.read_values(self._job, path)
            for name, table in tables.items():
                part = Part(file=part_name(partition.number), start=partition.start, **about["parts"][name])
                table.add(part, self._job.rows_path(name, partition.number), values[name][1])

    def chance(self, hands: Hands) -> Callable[..., Mapping[str, NDArray[np.float64]]]:
        """What tells the chances of metrics; see `Chance`."""

        def chance(metric: SampleMetric[Any], epoch: int) -> Mapping[str, NDArray[np.float64]]:
            (found,) = all_of(hands, calls.chance_of, self._job, [(metric, epoch)])
            return {name: np.array(values) for name, values in found.items()}

        return chance

    def keep_states(self, hands: Hands, content: dict[str, Any] | None) -> None:
        """Keep what folds came to for later analyses."""
        new = [place for place, fold in enumerate(self._job.folds) if fold.known < self._samples]
        all_of(hands, calls.keep_state, self._job, [(fold, content) for fold in new])


def make_job(
    trace: Trace,
    todo: Plan,
    results: Path,
    *,
    resolution: str,
    reduction: str | None,
    chunk_size: int,
    partition_size: int | None,
) -> Job:
    """The job that a plan comes to; one that was interrupted is known again, and its folder used.

    Args:
        trace: the trace.
        todo: the plan.
        results: the folder of the tables.
        resolution: of the tables.
        reduction: of the tables.
        chunk_size: how many samples are worked on at once.
        partition_size: of the trace's partitions; None where there is one.
    """
    snapshot, secret = Snapshot.of(trace, remedy="analyse it anew").absolute(), secrets.token_hex(8)
    giving = tuple(one.metric for one in (*todo.at_once, *todo.later))
    makers = [maker_of(metric) for metric in todo.missing]
    held = (snapshot.contents or {}).get("held")
    known = [fold.known.samples for fold in todo.folds]
    known += [one.known.samples for one in (*todo.at_once, *todo.later)]
    name = name_of(
        trace=[trace.id, len(trace), held, trace.rules.choice()],
        metrics=[
            [metric.name, repr(metric), maker] for metric, maker in zip(todo.missing, makers, strict=True)
        ],
        known=known,
        question=[resolution, reduction, partition_size],
        # Of code that nothing tells from other code, nothing is taken on.
        once=secret if None in makers or held is None else "",
    )
    return Job(
        trace=snapshot,
        folder=results.absolute() / FOLDER / f"{WORK}{name}",
        results=results.absolute(),
        resolution=resolution,
        reduction=reduction,
        folds=tuple(Fold(metric=fold.metric, known=fold.known.samples) for fold in todo.folds),
        giving=giving,
        tables=tuple(
            metric
            for metric in todo.missing
            if isinstance(metric, RunMetric) and not isinstance(metric, TallyMetric)
        ),
        chunk_size=chunk_size,
        partition_size=partition_size,
        code=our_code(),
        secret=secret,
    )


def begin(job: Job) -> None:
    """Make a job's folder, in a folder of results that is taken; what others have left unfinished goes.

    Raises:
        OutputError: it can't be made.
    """
    with writing(job.folder):
        make_private(job.folder.parent)
        for other in job.folder.parent.glob(f"{WORK}*"):
            if other != job.folder and not other.is_symlink():
                shutil.rmtree(other, ignore_errors=True)
        job.folder.mkdir(mode=0o700, exist_ok=True)


def end(job: Job) -> None:
    """Remove what a job has left, as far as that can be done."""
    shutil.rmtree(job.folder, ignore_errors=True)
    # Where no cache is kept, nothing else is there.
    with contextlib.suppress(OSError):
        if {path.name for path in job.folder.parent.iterdir()} <= {"CACHEDIR.TAG"}:
            shutil.rmtree(job.folder.parent, ignore_errors=True)
