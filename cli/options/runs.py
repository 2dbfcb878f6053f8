"""Which run: one file, or all files of a run; where its tables are; and what trace is made of it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from sparsey_trace.errors import UsageError

from .trace_path import path_here, results_path, trace_path

FILES = 'The trace: one file; or all files of a run, named or as a quoted pattern such as "run.*.h5".'

# Typer itself would call a file that can't be read a fault of the command line.
Run = Annotated[
    Path, typer.Argument(metavar="RUN.h5", help="The trace.", show_default=False, parser=trace_path)
]
Runs = Annotated[
    list[Path], typer.Argument(metavar="RUN.h5", help=FILES, show_default=False, parser=trace_path)
]
RunsOrFolder = Annotated[list[str], typer.Argument(metavar="RUN.h5", help=FILES, show_default=False)]
"""As they were named, for who takes a folder in place of a trace too."""
NewTrace = Annotated[
    Path,
    typer.Option(
        "--out", "-o", metavar="OUT.h5", show_default=False, parser=path_here, help="The file to make."
    ),
]
TABLES = typer.Option(
    "--tables",
    metavar="DIR",
    show_default="RUN.metrics, beside the trace",
    parser=results_path,
    help="The folder of tables that `analyze` wrote; what it lacks is computed now, and kept there. Of several runs "
    "given once for each, in their order.",
)
Tables = Annotated[Path | None, TABLES]
_MISSING_RANKS: dict[str, Any] = {
    "metavar": "refuse|allow",
    "help": "Where a rank has no file, as it was killed before its first commit: allow goes on without it.",
}
_COMPLETE_STEPS: dict[str, Any] = {"help": "Leave out the steps that only some of the ranks have."}
_REPEATED_STEPS: dict[str, Any] = {
    "metavar": "all|last",
    "help": "Where training went back to an earlier epoch, as it was resumed behind an older checkpoint: last leaves "
    "out what was recorded before of this epoch and of higher ones.",
}
MissingRanks = Annotated[str, typer.Option("--missing-ranks", **_MISSING_RANKS)]
CompleteSteps = Annotated[bool, typer.Option("--complete-steps", **_COMPLETE_STEPS)]
RepeatedSteps = Annotated[str, typer.Option("--repeated-steps", **_REPEATED_STEPS)]

# For commands that take one file: they are refused with the reason, not as unknown.
RefusedMissingRanks = Annotated[str, typer.Option("--missing-ranks", hidden=True, **_MISSING_RANKS)]
RefusedCompleteSteps = Annotated[bool, typer.Option("--complete-steps", hidden=True, **_COMPLETE_STEPS)]
RefusedRepeatedSteps = Annotated[str, typer.Option("--repeated-steps", hidden=True, **_REPEATED_STEPS)]


def check_one_run(**asked: object) -> None:
    """See that options of how files are put together aren't given with many runs, which are read as they are.

    Args:
        asked: by the names of the options, what was given; false, or the first word, where nothing was.

    Raises:
        UsageError: one was given.
    """
    for option in _given(asked):
        msg = f"{option}: expected it of one run, found it with --runs; name that run alone"
        raise UsageError(msg)


def check_one_file(run: Path, **asked: object) -> None:
    """See that one file is named that is to be followed, and nothing asked of how it is put together with others.

    Args:
        run: what was named.
        asked: by the names of the options, what was given; false, or the first word, where nothing was.

    Raises:
        UsageError: several files are named, or an option was given.
    """
    from sparsey_trace.trace.reading.patterns import is_pattern

    why = "one of which is followed as it grows, before it is known what others have of its steps"
    if is_pattern(str(run), os.path.lexists):
        msg = f"{run}: expected one file, found a pattern for several, {why}; name one rank's"
        raise UsageError(msg)
    for option in _given(asked):
        msg = f"{option}: expected it where all files of a run are read, found it with watch, {why}"
        raise UsageError(msg)


def _given(asked: Mapping[str, object]) -> list[str]:
    """The options that were given."""
    return [
        f"--{name.replace('_', '-')}"
        for name, value in asked.items()
        if value not in (False, "refuse", "all")
    ]
