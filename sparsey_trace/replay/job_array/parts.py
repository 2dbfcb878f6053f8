"""The calls of a job array: one part's share of an analysis, and what all have left made one.

Each part is called twice, and after each round `merge_parts`: what a metric gives out in the second pass hangs on what
its fold came to over all of the trace. A call does what can be done by then, and nothing that is done already.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import OutputError, TraceError, UsageError
from sparsey_trace.metrics.registry import make_metric
from sparsey_trace.replay.choose import asked
from sparsey_trace.replay.job_array.array import ArrayState, JobArray
from sparsey_trace.replay.job_array.places import ASKED
from sparsey_trace.replay.job_array.places_at_urls import array_place
from sparsey_trace.replay.kept_bytes import MOST_BYTES, check_bytes
from sparsey_trace.replay.outputs import Outputs
from sparsey_trace.replay.pairs import MOST_PAIRS, check_pairs
from sparsey_trace.replay.partitioned.partitions import PARTITION_SIZE
from sparsey_trace.support.own_files import beginning
from sparsey_trace.support.progress import progress
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.reading.remote import urls_of

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.replay.choose import Asked
    from sparsey_trace.replay.job_array.places import ArrayPlace
    from sparsey_trace.trace.reading.sources import Source
    from sparsey_trace.trace.reading.trace import Trace

_LONGEST = 1 << 24
"""Bytes of what was asked that are read."""


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
        out: the folder of the tables, which all parts see; or a URL that fsspec can write to.
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
        UsageError: there is no such part, or another argument is wrong.
        TraceError: no trace, or one of a single partition; a metric's states can't be kept for another process; or what
            others left at a URL can't be read.
        OutputError: `out` holds something else, or can't be written.
        MetricError: a metric raised something of its own.
    """
    number, of = part
    if not 1 <= number <= of:
        msg = f"part: expected one of 1/{of} to {of}/{of}, found {number}/{of}"
        raise UsageError(msg)
    question: dict[str, Any] = {"resolution": resolution, "reduction": reduction}
    budget: dict[str, Any] = {"n_jobs": 1, "chunk_size": chunk_size, "total_memory": total_memory}
    with (
        contextlib.closing(array_place(out, is_merged=False)) as place,
        asked(source, metrics=metrics, **question, **budget) as found,
        JobArray.of(found, place, partition_size, question) as array,
    ):
        check_pairs(array.todo, found.trace, most_pairs)
        check_bytes(array.todo, found.trace, most_bytes)
        told = json.dumps(_as_json(found, question, partition_size)).encode()
        place.begin(array.job, found.trace, told)
        place.look(array.job)
        mine = array.round[number - 1 :: of]
        total, done = sum(unit.span.stop - unit.span.start for unit in mine), 0
        with progress("replaying", unit="samples", shown=progress_bar) as show:
            for samples in array.do(mine):
                done += samples
                show(done, total)
        place.look(array.job)
        return array.state()


def merge_parts(out: str | os.PathLike[str]) -> ArrayState:
    """Make one of what all parts have left: after the first round states of folds, after the second tables.

    Args:
        out: the folder, or the URL; of several arrays that of one, as the message names it.

    Raises:
        UsageError: the name is empty, or a URL that fsspec doesn't know.
        OutputError: there is nothing of parts in it, or of several analyses; or it can't be written.
        TraceError: the trace isn't there any more, or not as it was; or some parts aren't done.
    """
    with contextlib.closing(array_place(out, is_merged=True)) as place:
        told = _read_asked(place)
        metrics = [make_metric(name, parameters) for name, parameters in told["metrics"]]
        question: dict[str, Any] = told["question"]
        budget: dict[str, Any] = {"n_jobs": 1, "chunk_size": None, "total_memory": "1G"}
        paths, size = told["paths"], told["partition_size"]
        with (
            open_trace(paths if len(paths) > 1 else paths[0], **told["rules"]) as trace,
            asked(trace, metrics=metrics, **question, **budget) as found,
            JobArray.of(found, place, size, question) as array,
        ):
            _check_same(array, told["array"])
            with Outputs(place.folder, trace, **question, partition_size=size) as outputs:
                place.look(array.job)
                _check_done(array)
                array.merge()
                if array.missing:
                    return array.state()
                state = array.conclude(outputs)
            place.publish(array.job)
            return state


def _check_same(array: JobArray, name: str) -> None:
    if array.job.folder.name != name:
        found = array.job.folder.with_name(name)
        msg = (
            f"{array.place.name}: expected parts of {array.trace.path} as it is now, done by this version of the "
            f"program and of its metrics, found others; remove {found}, and begin anew"
        )
        raise TraceError(msg)


def _check_done(array: JobArray) -> None:
    missing, units = array.missing, array.round
    if not missing:
        return
    shown = ", ".join(str(unit.partition) for unit in missing[:10]) + (", …" if len(missing) > 10 else "")
    what = "folded" if units is array.replay.first else "to have given out their values"
    msg = (
        f"{array.place.name}: expected all {len(units):,} partitions {what}, found {len(missing):,} missing (numbers "
        f"{shown}, from 0); run their --part once more"
    )
    raise TraceError(msg)


def _as_json(found: Asked, question: dict[str, Any], partition_size: int) -> dict[str, Any]:
    urls = urls_of(found.trace.paths)
    return {
        "paths": [urls.get(str(path), str(path.absolute())) for path in found.trace.paths],
        "rules": asdict(found.trace.rules),
        "metrics": [[metric.name, metric.parameters] for metric in found.metrics],
        "question": question,
        "partition_size": partition_size,
    }


def _read_asked(place: ArrayPlace) -> dict[str, Any]:
    """What the parts that left something were asked, and the name of their array."""
    there = place.arrays()
    if len(there) != 1:
        found = f"those of {len(there)}: {' and '.join(map(str, there))}" if there else "none"
        remedy = "; name one of these, or remove what isn't wanted" if there else "; run --part first"
        msg = f"{place.name}: expected what parts of one analysis have left, found {found}{remedy}"
        raise OutputError(msg)
    try:
        told = json.loads(beginning(there[0] / ASKED, _LONGEST) or b"")
        return {**told, "array": there[0].name}
    except (ValueError, TypeError) as error:
        msg = f"{there[0] / ASKED}: expected what the parts were asked, found {error}; begin anew"
        raise OutputError(msg) from error
