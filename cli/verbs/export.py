"""`export`: a run in the form of another program."""

from pathlib import Path
from typing import Annotated

import typer

from sparsey_trace.support.printable import printable

from ..options.common import Debug, ProgressBar
from ..options.jobs import Jobs, num_jobs
from ..options.metric import Metrics, parse_metrics
from ..options.runs import CompleteSteps, MissingRanks, RepeatedSteps, Runs, Tables
from ..options.trace_path import path_here
from ..output.printing import note, wants_progress, write

EXAMPLES = """\b
Examples:
  sparsey-trace export run.h5 --to tensorboard && tensorboard --logdir run.tensorboard
  sparsey-trace export run.h5 --to csv -m basis_set_size -o tables
  sparsey-trace export run.h5 --to netcdf  then: xarray.open_datatree("run.nc")
It needs more packages: pip install "sparsey-trace[export]\""""


def form_names() -> list[str]:
    """Names of the forms that can be written."""
    from sparsey_trace.exporting.export import FORMS

    return list(FORMS)


To = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="FORM",
        show_default=False,
        autocompletion=form_names,
        help="tensorboard: curves, of each metric and layer the mean over its MACs at each step. csv: the metrics' "
        "tables by step, a file each. netcdf, zarr: the trace itself.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="PATH",
        show_default="RUN.tensorboard, RUN.csv, RUN.nc or RUN.zarr, beside the trace",
        parser=path_here,
        help="What to make: a file for netcdf, else a folder; nothing may be there.",
    ),
]


def export(
    runs: Runs,
    *,
    missing_ranks: MissingRanks = "refuse",
    complete_steps: CompleteSteps = False,
    repeated_steps: RepeatedSteps = "all",
    to: To,
    out: Out = None,
    metric: Metrics = None,
    tables: Tables = None,
    n_jobs: Jobs = None,
    progress_bar: ProgressBar = None,
    debug: Debug = False,
) -> None:
    """Write a run in the form of another program: TensorBoard, CSV, netCDF or Zarr.

    tensorboard and csv hold metrics: what isn't analysed yet is analysed now, into the folder of `analyze`.
    netcdf and zarr hold the trace itself: inputs, codes, which MACs were active, the wiring, and of each
    sample its step, epoch, phase, label and time.
    """
    from sparsey_trace.exporting.export import export as export_trace
    from sparsey_trace.trace.reading.open_trace import open_trace

    metrics = parse_metrics(metric)
    with open_trace(
        runs, missing_ranks=missing_ranks, complete_steps=complete_steps, repeated_steps=repeated_steps
    ) as trace:
        path, remarks = export_trace(
            trace,
            to=to,
            out=out,
            metrics=metrics,
            tables=tables,
            n_jobs=num_jobs(n_jobs, trace),
            progress_bar=wants_progress(asked=progress_bar),
        )
    for remark in remarks:
        note(remark)
    write(printable(str(path)))
