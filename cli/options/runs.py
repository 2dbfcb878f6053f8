"""Which run: one file, or all files of a run; and where its tables are."""

from pathlib import Path
from typing import Annotated

import typer

from sparsey_trace.errors import UsageError

from .trace_path import path_here, trace_path

FILES = 'The trace: one file; or all files of a run, named or as a quoted pattern such as "run.*.h5".'

# Typer itself would call a file that can't be read a fault of the command line.
Run = Annotated[
    Path, typer.Argument(metavar="RUN.h5", help="The trace.", show_default=False, parser=trace_path)
]
Runs = Annotated[
    list[Path], typer.Argument(metavar="RUN.h5", help=FILES, show_default=False, parser=trace_path)
]
TABLES = typer.Option(
    "--tables",
    metavar="DIR",
    show_default="RUN.metrics, beside the trace",
    parser=path_here,
    help="The folder of tables that `analyze` wrote; what it lacks is computed now, and kept there. Of several runs "
    "given once for each, in their order.",
)
Tables = Annotated[Path | None, TABLES]
MissingRanks = Annotated[
    str,
    typer.Option(
        metavar="refuse|allow",
        help="Where a rank has no file, as it was killed before its first commit: allow goes on without it.",
    ),
]
CompleteSteps = Annotated[
    bool,
    typer.Option("--complete-steps", help="Leave out the steps that only some of the ranks have."),
]
RepeatedSteps = Annotated[
    str,
    typer.Option(
        metavar="all|last",
        help="Where training went back to an earlier epoch, as it was resumed behind an older checkpoint: last leaves "
        "out what was recorded before of this epoch and of higher ones.",
    ),
]


def check_one_run(**asked: object) -> None:
    """See that options of how files are put together aren't given with many runs, which are read as they are.

    Args:
        asked: by the names of the options, what was given; false, or the first word, where nothing was.

    Raises:
        UsageError: one was given.
    """
    for name, value in asked.items():
        if value not in (False, "refuse", "all"):
            option = f"--{name.replace('_', '-')}"
            msg = f"{option}: expected it of one run, found it with --runs; name that run alone"
            raise UsageError(msg)
