"""A job array: which rounds it has, what is done of them, and what all parts come to together."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import TraceError, UsageError
from sparsey_trace.replay import calls
from sparsey_trace.replay.by_partition import PartitionedReplay, end, make_job
from sparsey_trace.replay.cache.cache import Cache
from sparsey_trace.replay.cache.code_version import maker_of
from sparsey_trace.replay.hands import OneAfterTheOther, all_of
from sparsey_trace.replay.partitioned.job import Span
from sparsey_trace.replay.partitioned.partitions import check_partition_size, partitions_of
from sparsey_trace.replay.partitioned.piece import given_by
from sparsey_trace.replay.plan import plan
from sparsey_trace.support.stored_folder import ARRAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sparsey_trace.replay.choose import Asked
    from sparsey_trace.replay.job_array.places import ArrayPlace
    from sparsey_trace.replay.outputs import Outputs
    from sparsey_trace.replay.partitioned.job import Job, Unit
    from sparsey_trace.replay.partitioned.partitions import Partition
    from sparsey_trace.replay.plan import Plan
    from sparsey_trace.trace.reading.trace import Trace

_MERGED = "merged"


@dataclass(frozen=True, kw_only=True)
class ArrayState:
    """How far a job array has come.

    Attributes:
        folder: of the results, or its URL.
        round: 1 while folds are made, 2 while values are given out; 3 where all parts have done theirs.
        done: how many of the round's partitions are done.
        partitions: how many it has.
        merged: whether what the first round left has become one.
        tables: the tables' names, once they are there.
    """

    folder: str
    round: int
    done: int
    partitions: int
    merged: bool
    tables: tuple[str, ...] = ()

    def __str__(self) -> str:
        """What is done, and what to do next."""
        if self.tables:
            return f"{self.folder}: {len(self.tables)} tables: {', '.join(self.tables)}"
        if self.round == 1 and self.done == self.partitions:
            return f"{self.folder}: all {self.partitions:,} partitions are folded; next: --merge"
        if self.round == 1:
            return f"{self.folder}: {self.done:,} of {self.partitions:,} partitions are folded"
        if self.round == 2:
            return (
                f"{self.folder}: {self.done:,} of {self.partitions:,} partitions have given out their values; next: "
                "every --part once more"
            )
        return f"{self.folder}: all {self.partitions:,} partitions have given out their values; next: --merge"


@dataclass(frozen=True, eq=False, kw_only=True)
class JobArray:
    """An analysis whose parts are done by themselves; used in a with-block.

    Attributes:
        trace: the trace, open.
        todo: what is done.
        job: the job that it comes to.
        replay: the calls that it is cut into.
        cache: of the results.
        place: where parts leave what others go on with.
        hands: who makes the calls.
    """

    trace: Trace
    todo: Plan
    job: Job
    replay: PartitionedReplay
    cache: Cache
    place: ArrayPlace
    hands: OneAfterTheOther

    @classmethod
    @contextlib.contextmanager
    def of(
        cls, found: Asked, place: ArrayPlace, partition_size: int, question: dict[str, Any]
    ) -> Iterator[JobArray]:
        """The array that does what is asked.

        Raises:
            TraceError: the trace is one partition.
            UsageError: a metric is of no installed package.
        """
        partitions = _partitions(found, partition_size)
        kept: dict[str, Any] = {**question, "partition_size": partition_size}
        # All parts plan alike, whatever others leave in the folder meanwhile.
        todo = plan(found.metrics, Cache(place.folder, found.trace, **kept, used=False))
        job = make_job(found.trace, todo, place.folder, **kept, chunk_size=found.chunk_size)
        name = ARRAY + job.folder.name.partition("-")[2]
        # No secret: what one part leaves, others read.
        job = replace(job, folder=job.folder.with_name(name), secret="")
        replay, hands = PartitionedReplay(found.trace, todo, job, partitions), OneAfterTheOther("serial", 1)
        cache = Cache(place.folder, found.trace, **kept, used=True)
        try:
            yield cls(
                trace=found.trace, todo=todo, job=job, replay=replay, cache=cache, place=place, hands=hands
            )
        finally:
            hands.close(job)

    @property
    def is_merged(self) -> bool:
        """Whether what the first round left has become one."""
        return not self.job.folds or self.place.has(_MERGED, self._whole_states)

    @property
    def round(self) -> Sequence[Unit]:
        """What can be done now."""
        return self.replay.second if self.replay.second and self.is_merged else self.replay.first

    @property
    def missing(self) -> list[Unit]:
        """What isn't done of it."""
        return [unit for unit in self.round if not self.place.has(self._name(unit), self._files(unit))]

    def state(self) -> ArrayState:
        """How far it has come."""
        units, missing = self.round, len(self.missing)
        number = 1 if units is self.replay.first else 2 + (not missing)
        return ArrayState(
            folder=self.place.name,
            round=number,
            done=len(units) - missing,
            partitions=len(units),
            merged=self.is_merged,
        )

    def do(self, units: Sequence[Unit]) -> Iterator[int]:
        """Do these; how many samples each has that is done, or was."""
        there = [unit for unit in units if self._is_whole(unit)]
        yield from (unit.span.stop - unit.span.start for unit in there)
        todo = [unit for unit in units if unit not in there]
        self.place.bring(self.job, {_MERGED: self._leaned_on(todo)})
        for at, samples in self.hands.each(calls.do_unit, self.job, [(unit,) for unit in todo]):
            files = self._files(todo[at])
            self.place.leave(self.job, self._name(todo[at]), files)
            self.place.drop(files)
            yield samples

    def merge(self) -> None:
        """Make of what the first round left one."""
        if self.job.folds and not self.place.is_whole(self.job, _MERGED, self._whole_states):
            self.place.bring(self.job, {self._name(unit): self._states(unit) for unit in self.replay.first})
            self.replay.merge(self.hands)
            excerpts = sorted(self.job.folder.glob("*.excerpt"))
            self.place.leave(self.job, _MERGED, [*self._whole_states, *excerpts])
            self.place.look(self.job)

    def conclude(self, outputs: Outputs) -> ArrayState:
        """Make of what both rounds left tables, and forget it."""
        units = [*self.replay.first, *self.replay.second]
        given = {self._name(unit): given_by(self.job, unit) for unit in units}
        self.place.bring(self.job, {_MERGED: self._whole_states, **given})
        self.cache.take_content()
        all_of(self.hands, calls.write_table, self.job, [(metric,) for metric in self.job.tables])
        self.replay.conclude(self.hands)
        self.replay.hand_over(outputs)
        halts = outputs.finish(self.replay.chance(self.hands))
        state = replace(self.state(), tables=tuple(halts))
        self.cache.forget(halts)
        outputs.publish()
        self.cache.keep(self.todo.missing, halts, [])
        self.replay.keep_states(self.hands, self.cache.content)
        end(self.job)
        return state

    @property
    def _whole_states(self) -> list[Path]:
        everything = Span(0, self.job.trace.samples)
        return [self.job.state_path(fold, everything) for fold in range(len(self.job.folds))]

    def _name(self, unit: Unit) -> str:
        return f"{unit.partition:05}-{2 if unit in self.replay.second else 1}"

    def _states(self, unit: Unit) -> list[Path]:
        return [self.job.state_path(fold, unit.span) for fold in unit.folds]

    def _files(self, unit: Unit) -> list[Path]:
        return [*self._states(unit), *given_by(self.job, unit)]

    def _is_whole(self, unit: Unit) -> bool:
        return self.place.is_whole(self.job, self._name(unit), self._files(unit))

    def _leaned_on(self, units: Sequence[Unit]) -> list[Path]:
        """What units need of what the first round came to: excerpts for their stretches, where these were left."""
        spans = [(fold, unit.span) for unit in units for fold in self.job.folds_for(unit)]
        if not spans or units[0] in self.replay.first:
            return []
        left, states = self.place.files_of(self.job, _MERGED), self._whole_states
        excerpts = [(self.job.state_path(fold, span, is_excerpt=True), states[fold]) for fold, span in spans]
        return [excerpt if excerpt.name in left else whole for excerpt, whole in excerpts]


def _partitions(found: Asked, size: int) -> Sequence[Partition]:
    check_partition_size(size)
    partitions = partitions_of(found.trace, size)
    if len(partitions) < 2:
        msg = (
            f"{found.trace.path}: expected a trace of several partitions, found {len(found.trace):,} samples, "
            f"which are one of {size:,}; take a smaller partition_size, or analyse it in one go"
        )
        raise TraceError(msg)
    if unknown := [metric.name for metric in found.metrics if maker_of(metric) is None]:
        msg = f"{unknown[0]}: expected a metric of an installed package, which every part has, found another"
        raise UsageError(msg)
    return partitions
