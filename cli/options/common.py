"""What most verbs can be told: how to print, and what to replace."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")]
ProgressBar = Annotated[
    bool | None,
    typer.Option(show_default="on a terminal", help="Show progress on standard error."),
]
