"""The analysis of one trace as a job array: processes that know nothing of each other, and a folder that all see.

Each part is called twice, and after each round `merge_parts`: what a metric gives out in the second pass hangs on what
its fold came to over all of the trace. A call does what can be done by then, and nothing that is done already.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import OutputError, TraceError, UsageError
from sparsey_trace.metrics.registry import make_metric
from sparsey_trace.replay import calls
from sparsey_trace.replay.by_partition import PartitionedReplay, end, make_job
from sparsey_trace.replay.cache.cache import Cache
from sparsey_trace.replay.cache.code_version import maker_of
from sparsey_trace.replay.cache.private_folder import FOLDER, make_private
from sparsey_trace.replay.choose import asked
from sparsey_trace.replay.hands import OneAfterTheOther, all_of
from sparsey_trace.replay.kept_bytes import MOST_BYTES, check_bytes
from sparsey_trace.replay.outputs import Outputs
from sparsey_trace.replay.pairs import MOST_PAIRS, check_pairs
from sparsey_trace.replay.partitioned.job import Span
from sparsey_trace.replay.partitioned.partitions import PARTITION_SIZE, check_partition_size, partitions_of
from sparsey_trace.replay.partitioned.piece import is_there
from sparsey_trace.replay.partitioned.states import has_state
from sparsey_trace.replay.plan import plan
from sparsey_trace.replay.results_folder import check_folder
from sparsey_trace.support.own_files import beginning
from sparsey_trace.support.progress import progress
from sparsey_trace.support.user_path import url_named, user_path
from sparsey_trace.support.writing import write_whole, writing
from sparsey_trace.trace.reading.open_trace import open_trace

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.replay.choose import Asked
    from sparsey_trace.replay.partitioned.job import Job, Unit
    from sparsey_trace.replay.partitioned.partitions import Partition
    from sparsey_trace.replay.plan import Plan
    from sparsey_trace.trace.reading.sources import Source
    from sparsey_trace.trace.reading.trace import Trace

_ARRAY = "array-"
"""How the folder of an array is called, in that of the cache."""

_ASKED = "asked.json"
_LONGEST = 1 << 24
"""Bytes of what was asked that are read."""


@dataclass(frozen=True, kw_only=True)
class ArrayState:
    """How far a job array has come.

    Attributes:
        folder: of the results.
        round: 1 while folds are made, 2 while values are given out; 3 where all parts have done theirs.
        done: how many of the round's partitions are done.
        partitions: how many it has.
        merged: whether what the first round left has become one.
        tables: the tables' names, once they are there.
    """

    folder: Path
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


def analyze_part(
    source: Source | Trace,
    *,
    part: tuple[int, int],
    out: str | os.PathLike[str],
    metrics: Iterable[str | Metric[Any]] | None = None,
    resolution: str = "step",
    reduction: str | None = None,
    chunk_size: int | None = None,
    total_memory: str | int = "1G",
    most_pairs: int = MOST_PAIRS,
    most_bytes: str | int = MOST_BYTES,
    partition_size: int = PARTITION_SIZE,
    progress_bar: bool = False,
) -> ArrayState:
    """Do one part's share of an analysis: of its partitions what can be done now.

    Nothing is taken from earlier analyses, so that all parts see the same. Parts may be done in any order, at once, and
    again. See docs/scale.md.

    Args:
        source: the trace, which isn't written any more.
        part: which part of how many: (1, 100) is the first of a hundred.
        out: the folder of the tables, which all parts see.
        metrics: as of `analyze`, and so are all others; of installed packages.
        resolution: over which samples values are taken together.
        reduction: over which MACs and layers.
        chunk_size: how many samples are worked on at once.
        total_memory: what they may take.
        most_pairs: what is refused.
        most_bytes: what is refused.
        partition_size: of the trace's partitions.
        progress_bar: show progress on standard error.

    Raises:
        UsageError: there is no such part, `out` is a URL, or another argument is wrong.
        TraceError: no trace, or one of a single partition; or a metric's states can't be kept for another process.
        OutputError: `out` holds something else, or can't be written.
        MetricError: a metric raised something of its own.
    """
    number, of = part
    if not 1 <= number <= of:
        msg = f"part: expected one of 1/{of} to {of}/{of}, found {number}/{of}"
        raise UsageError(msg)
    folder = _shared(out)
    question: dict[str, Any] = {"resolution": resolution, "reduction": reduction}
    budget: dict[str, Any] = {"n_jobs": 1, "chunk_size": chunk_size, "total_memory": total_memory}
    with asked(source, metrics=metrics, **question, **budget) as found:
        array = _Array.of(found, folder, partition_size, question)
        check_folder(array.job.results, found.trace)
        check_pairs(array.todo, found.trace, most_pairs)
        check_bytes(array.todo, found.trace, most_bytes)
        with writing(array.job.folder):
            array.job.results.mkdir(parents=True, exist_ok=True)
            make_private(array.job.folder.parent)
            array.job.folder.mkdir(exist_ok=True)
        write_whole(array.job.folder / _ASKED, json.dumps(_as_json(found, question, partition_size)).encode())
        with array.working() as hands, progress("replaying", unit="samples", shown=progress_bar) as show:
            mine = [(unit,) for unit in array.round[number - 1 :: of]]
            total, done = sum(unit.span.stop - unit.span.start for (unit,) in mine), 0
            for _, samples in hands.each(calls.do_unit, array.job, mine):
                done += samples
                show(done, total)
        return array.state()


def merge_parts(out: str | os.PathLike[str]) -> ArrayState:
    """Make one of what all parts have left in a folder: after the first round states of folds, after the second tables.

    Args:
        out: the folder.

    Raises:
        UsageError: it is a URL.
        OutputError: there is nothing of parts in it, or of several analyses; or it can't be written.
        TraceError: the trace isn't there any more, or not as it was; or some parts aren't done.
    """
    folder = _shared(out)
    told = _read_asked(folder)
    metrics = [make_metric(name, parameters) for name, parameters in told["metrics"]]
    question: dict[str, Any] = told["question"]
    budget: dict[str, Any] = {"n_jobs": 1, "chunk_size": None, "total_memory": "1G"}
    with (
        open_trace(told["paths"] if len(told["paths"]) > 1 else told["paths"][0], **told["rules"]) as trace,
        asked(trace, metrics=metrics, **question, **budget) as found,
    ):
        array = _Array.of(found, folder, told["partition_size"], question)
        if array.job.folder.name != told["array"]:
            msg = (
                f"{folder}: expected parts of {trace.path} as it is now, done by this version of the program and "
                f"of its metrics, found others; remove {folder / FOLDER / told['array']}, and begin anew"
            )
            raise TraceError(msg)
        size = told["partition_size"]
        with Outputs(folder, trace, **question, partition_size=size) as outputs, array.working() as hands:
            if array.missing:
                raise TraceError(_undone(folder, array))
            array.replay.merge(hands)
            if array.missing:
                return array.state()
            return array.conclude(hands, outputs)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Array:
    """An analysis whose parts are done by themselves."""

    trace: Trace
    todo: Plan
    job: Job
    replay: PartitionedReplay
    cache: Cache

    @classmethod
    def of(cls, found: Asked, folder: Path, partition_size: int, question: dict[str, Any]) -> _Array:
        check_partition_size(partition_size)
        partitions: Sequence[Partition] = partitions_of(found.trace, partition_size)
        if len(partitions) < 2:
            msg = (
                f"{found.trace.path}: expected a trace of several partitions, found {len(found.trace):,} samples, "
                f"which are one of {partition_size:,}; take a smaller partition_size, or analyse it in one go"
            )
            raise TraceError(msg)
        if unknown := [metric.name for metric in found.metrics if maker_of(metric) is None]:
            msg = f"{unknown[0]}: expected a metric of an installed package, which every part has, found another"
            raise UsageError(msg)
        kept: dict[str, Any] = {**question, "partition_size": partition_size}
        # All parts plan alike, whatever others leave in the folder meanwhile.
        todo = plan(found.metrics, Cache(folder, found.trace, **kept, used=False))
        cache = Cache(folder, found.trace, **kept, used=True)
        given: dict[str, Any] = {**question, "chunk_size": found.chunk_size, "partition_size": partition_size}
        job = make_job(found.trace, todo, folder, **given)
        name = _ARRAY + job.folder.name.partition("-")[2]
        # No secret: what one part leaves, others read.
        job = replace(job, folder=job.folder.with_name(name), secret="")
        replay = PartitionedReplay(found.trace, todo, job, partitions)
        return cls(trace=found.trace, todo=todo, job=job, replay=replay, cache=cache)

    @property
    def is_merged(self) -> bool:
        everything = Span(0, self.job.trace.samples)
        return all(has_state(self.job, fold, everything) for fold in range(len(self.job.folds)))

    @property
    def round(self) -> Sequence[Unit]:
        """What can be done now."""
        return self.replay.second if self.replay.second and self.is_merged else self.replay.first

    @property
    def missing(self) -> list[Unit]:
        return [unit for unit in self.round if not is_there(self.job, unit)]

    def state(self) -> ArrayState:
        units, missing = self.round, len(self.missing)
        number = 1 if units is self.replay.first else 2 + (not missing)
        return ArrayState(
            folder=self.job.results,
            round=number,
            done=len(units) - missing,
            partitions=len(units),
            merged=self.is_merged,
        )

    @contextlib.contextmanager
    def working(self) -> Iterator[OneAfterTheOther]:
        hands = OneAfterTheOther("serial", 1)
        try:
            yield hands
        finally:
            hands.close(self.job)

    def conclude(self, hands: OneAfterTheOther, outputs: Outputs) -> ArrayState:
        self.cache.take_content()
        all_of(hands, calls.write_table, self.job, [(metric,) for metric in self.job.tables])
        self.replay.conclude(hands)
        self.replay.hand_over(outputs)
        halts = outputs.finish(self.replay.chance(hands))
        state = replace(self.state(), tables=tuple(halts))
        self.cache.forget(halts)
        outputs.publish()
        self.cache.keep(self.todo.missing, halts, [])
        self.replay.keep_states(hands, self.cache.content)
        end(self.job)
        return state


def _shared(out: str | os.PathLike[str]) -> Path:
    """The folder that all parts see.

    Raises:
        UsageError: it is a URL: parts go on with each other's files, which a store would have to bring to each of them.
    """
    if url := url_named(out):
        msg = (
            f"{url}: expected a folder that all parts of the job array see, found a URL; name a folder on a disk that "
            "they share, and copy its tables there once they are merged, or analyse by engine='dask', which takes URLs"
        )
        raise UsageError(msg)
    return user_path(out)


def _as_json(found: Asked, question: dict[str, Any], partition_size: int) -> dict[str, Any]:
    return {
        "paths": [str(path.absolute()) for path in found.trace.paths],
        "rules": asdict(found.trace.rules),
        "metrics": [[metric.name, metric.parameters] for metric in found.metrics],
        "question": question,
        "partition_size": partition_size,
    }


def _read_asked(folder: Path) -> dict[str, Any]:
    """What the parts in a folder were asked, and the name of their array."""
    there = sorted(path.parent for path in (folder / FOLDER).glob(f"{_ARRAY}*/{_ASKED}"))
    if len(there) != 1:
        found = f"those of {len(there)}" if there else "none"
        remedy = f"; remove those of {folder / FOLDER} that aren't wanted" if there else "; run --part first"
        msg = f"{folder}: expected what parts of one analysis have left, found {found}{remedy}"
        raise OutputError(msg)
    try:
        told = json.loads(beginning(there[0] / _ASKED, _LONGEST) or b"")
        return {**told, "array": there[0].name}
    except (ValueError, TypeError) as error:
        msg = f"{there[0] / _ASKED}: expected what the parts were asked, found {error}; begin anew"
        raise OutputError(msg) from error


def _undone(folder: Path, array: _Array) -> str:
    """What is said where parts have something left to do."""
    missing, units = array.missing, array.round
    shown = ", ".join(str(unit.partition) for unit in missing[:10]) + (", …" if len(missing) > 10 else "")
    what = "folded" if units is array.replay.first else "to have given out their values"
    return (
        f"{folder}: expected all {len(units):,} partitions {what}, found {len(missing):,} missing (numbers {shown}, "
        "from 0); run their --part once more"
    )
