"""Which file of a run a recorder writes: one for each rank, and another after each resume."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sparsey_trace.errors import RecordError, SparseyTraceError, TraceError, UsageError, VersionError
from sparsey_trace.recording import live
from sparsey_trace.recording.rank_agreement import Meeting, Reached
from sparsey_trace.recording.run_names import is_numbered, numbered, numbers, ranked
from sparsey_trace.recording.stale_files import stale_files
from sparsey_trace.trace.format.run_part import RunPart
from sparsey_trace.trace.reading.layout_difference import layout_difference
from sparsey_trace.trace.reading.trace_file import open_trace_file
from sparsey_trace.trace.writing.lock import WriterLock

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from sparsey_trace.layout import Layout

_OR_ANEW = "; resume as it was, or record into another name"


@dataclass(frozen=True, kw_only=True)
class RunFile:
    """The file that a recorder writes.

    Attributes:
        path: the file.
        part: which part of the run it is.
        before: the file that it goes on from, or None.
        stale: later files of the run that this one replaces, and that have to go with it.
        layout: the model as that file has it, or None.
        inputs: how inputs are kept: as asked for, or as that file keeps them.
        values: the names of further values of MACs in that file, or None.
        meeting: of the ranks that record the run, which is to be left once the recording has begun.
    """

    path: Path
    part: RunPart
    inputs: str
    meeting: Meeting
    before: Path | None = None
    stale: Sequence[Path] = ()
    layout: Layout | None = None
    values: frozenset[str] | None = None

    def check_values(self, names: Collection[str]) -> None:
        """See that the further values of these names are those that were recorded before.

        Raises:
            RecordError: they aren't.
        """
        if self.values is not None and self.before is not None:
            _check_same("values", sorted(self.values), sorted(names), self.before)

    def check_layout(self, layout: Layout) -> None:
        """See that the model is the one that was recorded before.

        Raises:
            RecordError: it isn't; both files are named.
        """
        if self.layout is not None and layout != self.layout:
            msg = (
                f"{self.path}: expected the model of {self.before}, which it goes on from, found "
                f"{layout_difference(self.layout, layout)}{_OR_ANEW}"
            )
            raise RecordError(msg)


def find_run_file(path: Path, *, inputs: str, resume: bool, overwrite: bool) -> RunFile:
    """The file that a recorder writes, asked to write to `path` and to keep inputs in a certain way.

    With more than one rank of torch.distributed it is `run.rank0.h5`, `run.rank1.h5`, … instead of `run.h5`,
    unless the name says so already. It is to be known by then.

    With `resume` it is the first free of `run.h5`, `run.1.h5`, `run.2.h5`, … behind the last that is there. It
    goes on after the last sample that was committed; what an unclosed file holds beyond that is lost. A file
    without samples counts like any other: the next goes on from it, with the numbers it would have begun with.
    Ranks that were killed at different steps, or before their first commit, go on with the same step and the same
    number: with more than one they tell each other how far they came, so each of them has to call this.

    With `overwrite` the whole run is replaced: what goes on from its first file would belong to no run any more, nor
    would files of ranks that there aren't any more.

    With either, a recorder of this process that still writes to the run is closed, as where a cell of a notebook is run
    again.

    Raises:
        UsageError: `resume` and `overwrite` together.
        RecordError: the last file keeps inputs in another way, or is of another number of ranks.
        TraceError: the last file is still being written, or can't be opened; or a later one of the run to replace is.

    >>> from pathlib import Path
    >>> find_run_file(Path("run.h5"), inputs="auto", resume=False, overwrite=False).path.name
    'run.h5'
    """
    if resume and overwrite:
        msg = "resume=True keeps what is there, overwrite=True replaces it: expected one of them, found both"
        raise UsageError(msg)
    rank, num_ranks = _rank()
    own = RunPart(rank=rank, num_ranks=num_ranks)
    mine, lowest = (path, path) if num_ranks == 1 else (ranked(path, rank, rank), ranked(path, rank, 0))
    first = RunFile(path=mine, part=own, inputs=inputs, meeting=Meeting(lowest, rank, num_ranks))
    if resume or overwrite:
        _end_earlier(first.path)
    if resume:
        return _resumed(first)
    stale = stale_files(path, own) if overwrite else []
    return replace(first, part=replace(own, run=first.meeting.run()), stale=stale)


def _resumed(first: RunFile) -> RunFile:
    """The file that goes on behind those that are there, of all ranks."""
    meeting, inputs = first.meeting, first.inputs
    try:
        begun, reached = _own(first)
    except SparseyTraceError as error:
        if meeting.num_ranks > 1:
            meeting.refuse(str(error))
        raise
    if meeting.num_ranks > 1:
        reached = meeting.agree(reached)
    kind = reached.inputs or inputs
    _check_same("inputs", kind, kind if inputs == "auto" else inputs, meeting.first)
    part = replace(begun.part, first_step=reached.first_step, run=reached.run or meeting.run())
    return replace(begun, path=numbered(first.path, reached.number + 1), part=part, inputs=kind)


def _own(first: RunFile) -> tuple[RunFile, Reached]:
    """What goes on from this rank's last file, and how far the run has come in its files."""
    there = numbers(first.path)
    last = numbered(first.path, max(there, default=0))
    WriterLock.acquire(last).release()  # whoever writes there, even before there is a file, is named
    if not there:
        return first, Reached(number=-1, first_step=0, inputs="")
    begun = _behind(last, first)
    return begun, Reached(
        number=max(there),
        first_step=begun.part.first_step,
        inputs=begun.inputs,
        run=begun.part.run,
        last=last.name,
    )


def _behind(before: Path, begun: RunFile) -> RunFile:
    try:
        last = open_trace_file(before)
    except VersionError:
        raise
    except TraceError as error:
        msg = (
            f"{error}; to resume behind it, put what `sparsey-trace repair {before} -o OUT.h5` can save in its "
            "place, or remove it"
        )
        raise TraceError(msg) from error
    with contextlib.closing(last.storage):
        kind, ranks = last.input_kind, last.part.num_ranks
        if begun.inputs == "auto" and kind != "none":
            kind = "auto"  # what comes is kept, of whatever kind
        _check_same("inputs", kind, kind if begun.inputs == "auto" else begun.inputs, before)
        _check_same("num_ranks", ranks, begun.part.num_ranks, before)
        part = replace(
            begun.part,
            continues=before.name,
            first_step=last.next_step,
            first_sample=last.part.first_sample + last.storage.committed,
            run=last.part.run,
        )
    values = frozenset[str]().union(*last.head.values)
    return replace(begun, part=part, inputs=kind, before=before, layout=last.head.layout, values=values)


def _check_same(what: str, before: object, now: object, path: Path) -> None:
    if before != now:
        msg = f"{what}: expected {before!r}, as in {path}, found {now!r}{_OR_ANEW}"
        raise RecordError(msg)


def _rank() -> tuple[int, int]:
    distributed = sys.modules.get("torch.distributed")
    if distributed is None or not (distributed.is_available() and distributed.is_initialized()):
        return 0, 1
    return distributed.get_rank(), distributed.get_world_size()


def _end_earlier(first: Path) -> None:
    """Close what this process still records of the run."""
    for path in live.paths():
        is_of_run = path.name == first.name or is_numbered(first, path.name)
        if path.parent == first.resolve().parent and is_of_run:
            live.end_earlier(path)
