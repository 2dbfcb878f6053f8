"""`report`, and the demo's report."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from sparsey_trace.errors import UsageError
from sparsey_trace.replay.describe import place
from sparsey_trace.reporting.report import check_free, check_installed, report
from sparsey_trace.trace.reading.open_trace import open_trace

from . import options, render
from .compare import longest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_MIB = 1 << 20


def make_report(
    runs: Sequence[Path],
    out: Path | None,
    *,
    overwrite: bool = False,
    n_jobs: int | None = None,
    progress_bar: bool = False,
    said_by: Callable[[str], None] = render.write,
) -> None:
    """Make a report and say where it is."""
    with contextlib.ExitStack() as stack:
        traces = [stack.enter_context(open_trace(run)) for run in runs]
        for trace in traces:
            if part := place(trace):
                render.note(f"{trace.path}: note: {part}")
        jobs = options.default_jobs(longest(traces)) if n_jobs is None else n_jobs
        made = report(traces, out, overwrite=overwrite, n_jobs=jobs, progress_bar=progress_bar)
    shown = render.count(len(runs), "run")
    size = made.stat().st_size / _MIB
    said_by(render.printable(f"{made}: report of {shown}, {size:.1f} MiB; open it in a browser"))


def demo_report(run: Path, *, said_by: Callable[[str], None]) -> Callable[[], None]:
    """What makes the report of a demo's run; known to be possible before the demo trains.

    Raises:
        OutputError: another file is where it goes.
    """
    out = run.with_suffix(".html")
    check_free(out)
    try:
        check_installed()
    except UsageError as error:
        message = str(error)
        return lambda: render.note(f"no {message}")
    return lambda: make_report([run], out, progress_bar=render.wants_progress(), said_by=said_by)
