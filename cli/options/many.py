"""Which runs, where many different ones are meant: a folder, a pattern, or files."""

from typing import Annotated

import typer

ManyRuns = Annotated[
    list[str],
    typer.Argument(
        metavar="RUNS...",
        help='Runs: a folder, with the folders in it; a quoted pattern such as "sweep/*.h5"; or files. Those of one '
        "run's ranks, or of a run that was resumed, count as one. Each may be a URL.",
        show_default=False,
    ),
]

AreManyRuns = Annotated[
    bool,
    typer.Option(
        "--runs",
        help="What is named are different runs: folders, patterns or files; without it, files of one run.",
    ),
]
