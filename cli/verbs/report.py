"""`report`: one HTML file that shows a run, or several side by side; also made by `demo`."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import typer

from sparsey_trace.errors import UsageError
from sparsey_trace.support.printable import count, printable

from ..options.common import Debug, Overwrite, ProgressBar
from ..options.jobs import Jobs, num_jobs
from ..options.many import AreManyRuns
from ..options.runs import TABLES, CompleteSteps, MissingRanks, RepeatedSteps, check_one_run
from ..options.trace_path import path_here, run_path
from ..output.printing import note, note_run_part, wants_progress, write

EXAMPLES = """\b
Examples:
  sparsey-trace report run.h5
  sparsey-trace report before.h5 after.h5 -o comparison.html
  sparsey-trace report --runs sweep --pick a/run --pick b/run
It needs plotly and jinja2: pip install "sparsey-trace[report]\""""

RunsToShow = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN.h5...",
        help='One trace, or up to eight to compare (a quoted pattern such as "run.*.h5" for one of several files).',
        show_default=False,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE.html",
        show_default="RUN.html, beside the trace",
        parser=path_here,
        help="The file to make; an earlier report there is replaced.",
    ),
]

Tables = Annotated[list[Path] | None, TABLES]

Pick = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        show_default="the four best",
        help="With --runs: a run that has curves, by the name that `runs` lists; up to eight may be given.",
    ),
]

_MIB = 1 << 20


def report(
    runs: RunsToShow,
    *,
    many: AreManyRuns = False,
    missing_ranks: MissingRanks = "refuse",
    complete_steps: CompleteSteps = False,
    repeated_steps: RepeatedSteps = "all",
    pick: Pick = None,
    out: Out = None,
    overwrite: Overwrite = False,
    tables: Tables = None,
    n_jobs: Jobs = None,
    progress_bar: ProgressBar = None,
    debug: Debug = False,
) -> None:
    """Make one HTML file that shows a run, or several side by side.

    With curves, maps and basis averages; it opens in any browser and fetches nothing. What isn't analysed yet is
    analysed now, into the folders of `analyze`.
    """
    shown = wants_progress(asked=progress_bar)
    files = {
        "missing_ranks": missing_ranks,
        "complete_steps": complete_steps,
        "repeated_steps": repeated_steps,
    }
    if many:
        check_one_run(**files)
        _report_many(
            runs, out, overwrite=overwrite, tables=tables, pick=pick, n_jobs=n_jobs, progress_bar=shown
        )
        return
    if pick:
        msg = "--pick: expected it with --runs, found it without"
        raise UsageError(msg)
    _make_report(
        [run_path(run) for run in runs],
        out,
        files=files,
        overwrite=overwrite,
        tables=tables,
        n_jobs=n_jobs,
        progress_bar=shown,
    )


def _report_many(runs: Sequence[str], out: Path | None, *, n_jobs: int | None, **wanted: Any) -> None:
    """Make a report of many runs and say where it is."""
    from sparsey_trace.reporting.report import report as write_report

    from ..output.many import many_runs

    made = write_report(many_runs(runs), out, n_jobs=-1 if n_jobs is None else n_jobs, **wanted)
    size = made.stat().st_size / _MIB
    write(printable(f"{made}: report of many runs, {size:.1f} MiB; open it in a browser"))


def _make_report(
    runs: Sequence[Path],
    out: Path | None,
    *,
    files: Mapping[str, Any] = MappingProxyType({}),
    overwrite: bool = False,
    tables: Sequence[Path] | None = None,
    n_jobs: int | None = None,
    progress_bar: bool = False,
    say: Callable[[str], None] = write,
) -> None:
    """Make a report and say where it is."""
    from sparsey_trace.reporting.report import report as write_report
    from sparsey_trace.trace.reading.open_trace import open_trace

    with contextlib.ExitStack() as stack:
        traces = [stack.enter_context(open_trace(run, **files)) for run in runs]
        for trace in traces:
            note_run_part(trace)
        jobs = num_jobs(n_jobs, *traces)
        made = write_report(
            traces, out, overwrite=overwrite, tables=tables, n_jobs=jobs, progress_bar=progress_bar
        )
    size = made.stat().st_size / _MIB
    say(printable(f"{made}: report of {count(len(runs), 'run')}, {size:.1f} MiB; open it in a browser"))


def demo_report(run: Path, *, say: Callable[[str], None]) -> Callable[[], None]:
    """What makes the report of a demo's run; known to be possible before the demo trains.

    Raises:
        OutputError: another file is where it goes.
    """
    from sparsey_trace.reporting.report import check_free, check_installed

    out = run.with_suffix(".html")
    check_free(out)
    try:
        check_installed()
    except UsageError as error:
        message = str(error)
        return lambda: note(f"no {message}")
    return lambda: _make_report([run], out, progress_bar=wants_progress(), say=say)
