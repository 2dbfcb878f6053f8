"""`relabel`: a trace with other labels, in a new file."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from sparsey_trace.support.printable import count, printable

from ..options.common import Debug, Json, Overwrite
from ..options.runs import NewTrace, Run
from ..options.trace_path import path_here
from ..output.printing import progress, write, write_json

EXAMPLES = """\b
Examples:
  sparsey-trace relabel run.h5 --labels labels.csv -o relabelled.h5
  sparsey-trace relabel run.h5 --labels labels.npy -o relabelled.h5 && sparsey-trace analyze relabelled.h5"""

Labels = Annotated[
    Path,
    typer.Option(
        metavar="FILE",
        show_default=False,
        parser=path_here,
        help="A CSV file with a column label, and sample where only some change; or a .npy file with all.",
    ),
]


def relabel(
    run: Run,
    *,
    labels: Labels,
    out: NewTrace,
    overwrite: Overwrite = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a trace anew with other labels.

    The trace itself is only read. The new one notes what was changed, and has results of its own.
    """
    from sparsey_trace.trace.rescue.relabel import relabel as write_anew

    with progress("relabelling", unit="samples") as on_progress:
        found = write_anew(run, labels, out, overwrite=overwrite, on_progress=on_progress)
    if as_json:
        write_json({"trace": str(run), "out": str(out), **asdict(found)})
    else:
        write(printable(f"{out}: {found.changed:,} of {count(found.samples, 'label')} changed"))
