"""`runs`: what runs there are, one row each."""

from pathlib import Path
from typing import Annotated

import typer

from sparsey_trace.support.printable import count, printable

from ..options.common import Debug, Json, ProgressBar
from ..options.many import ManyRuns
from ..options.trace_path import path_here
from ..output.printing import error, wants_progress, write, write_json

EXAMPLES = """\b
Examples:
  sparsey-trace runs sweep
  sparsey-trace runs "sweep/*/run.h5" --json | jq '.runs[] | select(.state != "closed")'
Then, in Python:
  pandas.read_parquet("sweep/runs.metrics/runs.parquet")"""

Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="DIR",
        show_default="runs.metrics, in the runs' folder",
        parser=path_here,
        help="The folder of results in which the catalogue is kept.",
    ),
]


def runs(
    runs: ManyRuns,
    *,
    out: Out = None,
    progress_bar: ProgressBar = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """List runs, one row each.

    Shows each run's state, how far it has come, in what the configurations differ and, where it is analysed, what its
    last evaluation came to (means over layers). What is found is kept as runs.parquet: runs that haven't changed
    aren't opened again.
    """
    from sparsey_trace.runs.analysed import summaries_in
    from sparsey_trace.runs.catalogue_file import NAME, read_catalogue
    from sparsey_trace.runs.keeping import gone_of
    from sparsey_trace.runs.runs import open_runs

    from ..output.many import note_gone, runs_as_json, show_runs

    found = open_runs(runs)
    found.catalogue(out=out, progress_bar=wants_progress(asked=progress_bar))
    folder, entries = out or found.kept(), found.known()
    summaries = summaries_in(folder, entries)
    note_gone(folder, gone_of(read_catalogue(folder / NAME)))
    if as_json:
        write_json({"folder": str(folder), **runs_as_json(entries, summaries)})
        return
    show_runs(entries, summaries)
    for name, fault in found.broken().items():
        error(f"{name}: {fault}")
    kept = f"; the catalogue: {folder / NAME}" if (folder / NAME).exists() else ""
    write(printable(f"{count(len(found), 'run')}{kept}"))
