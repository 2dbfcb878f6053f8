"""Which files make one run, in which order, and whether they fit each other.

A run leaves several files where several ranks record it, one each, and where it is resumed, each time a
new one. What a file says of which part of the run it is, its `RunPart`, is held here against the others'.
"""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import count, pairwise
from typing import TYPE_CHECKING

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.reading.layout_difference import change, layout_difference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sparsey_trace.trace.reading.trace_file import TraceFile

_ALONE = "; to read one file, name it alone"
_SHOWN = 5


def chains(files: Sequence[TraceFile], missing_ranks: str = "refuse") -> list[list[TraceFile]]:
    """The files of each rank, in order, after a look at whether they make one run.

    Args:
        files: of which there is one at least.
        missing_ranks: `refuse` or `allow`, where a rank has none.

    Raises:
        TraceError: they don't; the message names the files, what differs, and what to do.
    """
    _check_distinct(files)
    _check_one_run(files)
    for other in files[1:]:
        _check_alike(files[0], other)
    by_rank: dict[int, list[TraceFile]] = defaultdict(list)
    for file in files:
        by_rank[file.part.rank].append(file)
    if missing_ranks == "refuse":
        _check_ranks(files[0], by_rank)
    return [_chain(by_rank[rank]) for rank in sorted(by_rank)]


def _check_distinct(files: Sequence[TraceFile]) -> None:
    seen: dict[str, TraceFile] = {}
    for file in files:
        first = seen.setdefault(file.head.id, file)
        if first is not file:
            msg = f"{file.path}: expected each file once, found the same trace in {first.path}; leave out one"
            raise TraceError(msg)


def _check_one_run(files: Sequence[TraceFile]) -> None:
    by_run: dict[str, list[TraceFile]] = defaultdict(list)
    for file in files:
        if file.part.run:
            by_run[file.part.run].append(file)
    if len(by_run) > 1:
        last, *earlier = sorted(by_run.values(), key=_begun, reverse=True)
        others = ", ".join(f"{_names(run)} of one that began {_begun(run)}" for run in earlier)
        msg = (
            f"{last[0].path}: expected files of one run, found {_names(last)} of a run that began {_begun(last)}, "
            f"{others}: where a run is recorded again, a rank that is killed before its first commit leaves its old "
            "file behind; move what is of another run elsewhere; where a rank has no file then, go on without it by "
            f"missing_ranks='allow'{_ALONE}"
        )
        raise TraceError(msg)


def _begun(run: Sequence[TraceFile]) -> str:
    return min(file.head.created for file in run)


def _names(run: Sequence[TraceFile]) -> str:
    shown = [file.path.name for file in run[:_SHOWN]] + [f"{len(run) - _SHOWN} more"] * (len(run) > _SHOWN)
    return ", ".join(shown)


def _check_alike(first: TraceFile, other: TraceFile) -> None:
    left_out = [file.head.sampling.get("layers", []) for file in (first, other)]
    model = layout_difference(first.head.layout, other.head.layout) or change(
        "layers left out", *map(repr, left_out)
    )
    kinds = [file.input_kind for file in (first, other)]
    inputs = change("kept as", *kinds) if "none" in kinds else ""
    values = change("values", *(file.head.values for file in (first, other)))
    ranks = change("num_ranks", first.part.num_ranks, other.part.num_ranks)
    for what, found in {"model": model, "inputs": inputs, "values": values, "ranks": ranks}.items():
        if found:
            msg = f"{other.path}: expected the {what} of {first.path}, as in one run, found {found}{_ALONE}"
            raise TraceError(msg)


def _check_ranks(first: TraceFile, by_rank: Mapping[int, Sequence[TraceFile]]) -> None:
    missing = next(rank for rank in count() if rank not in by_rank)
    if missing < first.part.num_ranks:
        there = by_rank[min(by_rank)][0].path.name
        likely = re.sub(r"(?<=rank)\d+", str(missing), there)
        name = "" if likely == there else f" ({likely})"
        msg = (
            f"{first.path}: expected with it the files of all {first.part.num_ranks} ranks of the run, found "
            f"none of rank {missing}{name}; name that too, or where it left none go on without it by "
            f"missing_ranks='allow'{_ALONE}"
        )
        raise TraceError(msg)


def _chain(files: Sequence[TraceFile]) -> list[TraceFile]:
    """One rank's files in order: each continues the one before, and the first continues none."""
    following = _by_what_they_continue(files)
    ordered: list[TraceFile] = []
    while (name := ordered[-1].path.name if ordered else "") in following:
        ordered.append(following.pop(name))
    for file in following.values():
        msg = (
            f"{file.path}: expected with it {file.part.continues!r}, which it continues, and all files before "
            f"that one, found that one is missing; name it too{_ALONE}"
        )
        raise TraceError(msg)
    _check_connected(ordered)
    return ordered


def _by_what_they_continue(files: Sequence[TraceFile]) -> dict[str, TraceFile]:
    """The name of a file, or nothing, to the one file that continues it."""
    following: dict[str, TraceFile] = {}
    for file in files:
        other = following.setdefault(file.part.continues, file)
        if other is not file:
            what = f"to continue {file.part.continues!r}" if file.part.continues else "to begin the run"
            msg = (
                f"{file.path}: expected one file of rank {file.part.rank} {what}, found {other.path} too; "
                f"give the files of one run{_ALONE}"
            )
            raise TraceError(msg)
    return following


def _check_connected(ordered: Sequence[TraceFile]) -> None:
    samples = 0
    for earlier, later in pairwise(ordered):
        samples += earlier.storage.committed
        if later.part.first_sample != samples:
            msg = (
                f"{earlier.path}: expected a run of {later.part.first_sample} samples to end here, as {later.path} "
                f"says, which continues it, found {samples}; one of them was changed or replaced{_ALONE}"
            )
            raise TraceError(msg)
        if later.part.first_step <= earlier.last_step:
            msg = (
                f"{later.path}: expected to begin after step {earlier.last_step}, the last of {earlier.path}, "
                f"found that it begins at step {later.part.first_step}; they overlap{_ALONE}"
            )
            raise TraceError(msg)
