"""States of folds on their way from call to call, as files."""

from __future__ import annotations

import contextlib
import pickle
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import TraceError
from sparsey_trace.replay.cache.sealed_files import Unkept, Unsealed, read_sealed, write_sealed
from sparsey_trace.replay.engine.metric_errors import blaming
from sparsey_trace.support.own_files import is_folder_itself
from sparsey_trace.support.writing import write_whole, writing

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.layout import Layout
    from sparsey_trace.replay.partitioned.job import Job, Span


def write_state(job: Job, fold: int, span: Span, state: Any, *, is_excerpt: bool = False) -> None:
    """Leave the state of a fold over a stretch for other calls; or, of that over the run, the stretch's excerpt.

    What can't be told in plain values and arrays is pickled, under a name that nobody knew before this analysis.

    Raises:
        TraceError: it can't be told so, and other programs are to read it.
        OutputError: it can't be written.
    """
    path, metric = job.state_path(fold, span, is_excerpt=is_excerpt), job.folds[fold].metric
    try:
        with writing(path):
            write_sealed(path, {"samples": span.stop}, state, metric.state_types, is_bounded=False)
    except Unkept as error:
        if not job.secret:
            msg = (
                f"{metric.name}: expected states that can be kept for another process (see state_types), found that "
                f"{error}; leave it out, or analyse in one go"
            )
            raise TraceError(msg) from error
        write_whole(_pickled(job, path), pickle.dumps(state, pickle.HIGHEST_PROTOCOL))


def read_state(job: Job, fold: int, span: Span, layout: Layout, *, is_excerpt: bool = False) -> Any:
    """The state of a fold over a stretch, or the stretch's excerpt.

    Raises:
        TraceError: it isn't there, or not as it was written.
        MetricError: it couldn't be a state of the metric.
    """
    path, metric = job.state_path(fold, span, is_excerpt=is_excerpt), job.folds[fold].metric
    if job.secret and _pickled(job, path).exists():
        return pickle.loads(_pickled(job, path).read_bytes())
    try:
        _, state = read_sealed(path, metric.state_types)
    except FileNotFoundError as error:
        raise TraceError(missing(job, path)) from error
    except Unsealed as fault:
        msg = f"{path}: expected what another process left there, found {fault}; remove {job.folder}, and begin anew"
        raise TraceError(msg) from fault
    with blaming(metric, "check_state"):
        metric.check_state(state, layout, job.trace.samples if is_excerpt else span.stop)
    return state


def has_state(job: Job, fold: int, span: Span, *, is_excerpt: bool = False) -> bool:
    """Whether the state of a fold over a stretch is there, or the stretch's excerpt."""
    return size_of_state(job, fold, span, is_excerpt=is_excerpt) > 0


def size_of_state(job: Job, fold: int, span: Span, *, is_excerpt: bool = False) -> int:
    """How many bytes a state's file has; 0 where it isn't there."""
    path = job.state_path(fold, span, is_excerpt=is_excerpt)
    for there in (path, _pickled(job, path)) if job.secret else (path,):
        with contextlib.suppress(FileNotFoundError):
            return there.stat().st_size
    return 0


def remove_state(job: Job, fold: int, span: Span) -> None:
    """Remove the state of a fold over a stretch, which is in another one now."""
    for path in (job.state_path(fold, span), _pickled(job, job.state_path(fold, span))):
        with contextlib.suppress(OSError):
            path.unlink()


def missing(job: Job, path: Path) -> str:
    """What is said where a file isn't there that another call has left."""
    if not is_folder_itself(job.folder):
        return (
            f"{job.results}: expected a folder that all workers see, found none of what others left there; name one on "
            "a file system that they share"
        )
    return f"{path}: expected what another process left there, found nothing"


def _pickled(job: Job, path: Path) -> Path:
    return path.with_name(f"{path.stem}.{job.secret}.pickle")
