"""What can be asked on the command line: the options, how they are completed, and what they stand for.

Typer reads these annotations when it runs, so they are not deferred; what completions need is imported
when a shell asks for them, so that `--help` stays fast.
"""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sparsey_trace.errors import UsageError

if TYPE_CHECKING:
    from sparsey_trace.metrics.base import Metric

SMALL_TRACE = 20_000
"""Below so many samples, starting further processes takes longer than they save."""


class Dataset(StrEnum):
    """The demo's data sets."""

    DIGITS = "digits"
    MNIST = "mnist"


def metric_names() -> list[tuple[str, str]]:
    """Names of metrics, with a line on each."""
    from sparsey_trace.metrics.registry import available

    return list(available().items())


def resolution_names() -> list[str]:
    """Names of resolutions."""
    from sparsey_trace.replay.choose import RESOLUTIONS

    return list(RESOLUTIONS)


def export_forms() -> list[str]:
    """Names of the forms that `export` writes."""
    from sparsey_trace.exporting.export import FORMS

    return list(FORMS)


def reduction_names() -> list[str]:
    """Names of reductions, and `none`."""
    from sparsey_trace.metrics.reductions import NAMES

    return ["none", *NAMES]


def engine_names() -> list[str]:
    """Names of engines."""
    from sparsey_trace.replay.engine.engines import NAMES

    return list(NAMES)


def picture_names() -> list[tuple[str, str]]:
    """Names of pictures, with their titles."""
    from sparsey_trace.pictures.words import WORDS

    return [(name, words.title) for name, words in WORDS.items()]


def parse_metric(text: str) -> "Metric[Any]":
    """A metric as it is written on the command line: NAME or NAME:key=value,key=value.

    Raises:
        UsageError: another grammar, or an unknown metric, parameter or value.
    """
    from sparsey_trace.metrics.registry import make_metric

    name, colon, rest = text.partition(":")
    pairs = [part.partition("=") for part in rest.split(",")] if colon else []
    if not name or not all(key and equals and value for key, equals, value in pairs):
        msg = f"--metric: expected NAME or NAME:key=value,key=value, found {text!r}"
        raise UsageError(msg)
    given = {key: value for key, _, value in pairs}
    if len(given) < len(pairs):
        msg = f"--metric: expected each parameter once, found {text!r}"
        raise UsageError(msg)
    return make_metric(name, given)


def default_folder(*files: Path) -> Path:
    """Where tables go unless told otherwise: see `sparsey_trace.tables.names`."""
    from sparsey_trace.tables import names

    return names.default_folder(*files)


def default_jobs(samples: int) -> int:
    """How many threads are worth starting: one for a small trace, else -1, one for each core."""
    return 1 if samples < SMALL_TRACE else -1


Run = Annotated[Path, typer.Argument(metavar="RUN.h5", help="The trace.", show_default=False)]
Runs = Annotated[
    list[Path],
    typer.Argument(
        metavar="RUN.h5",
        help='The trace: one file; or all files of a run, named or as a quoted pattern such as "run.*.h5".',
        show_default=False,
    ),
]
RunsToCompare = Annotated[
    list[Path],
    typer.Argument(
        metavar="RUN...",
        help='Two runs or more: traces (a quoted pattern such as "run.*.h5" for one of several files), or '
        "folders of tables that `analyze` wrote. The others are compared with the first.",
        show_default=False,
    ),
]
RunsToShow = Annotated[
    list[Path],
    typer.Argument(
        metavar="RUN.h5...",
        help='One trace, or up to eight to compare (a quoted pattern such as "run.*.h5" for one of several files).',
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")]

Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="DIR",
        show_default="RUN.metrics, beside the trace",
        help="Folder for the Parquet files; it may hold earlier results of the same trace, and nothing else.",
    ),
]
ComparisonOut = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        show_default="only shown",
        help="Also write the comparison there, a line for each metric, layer and run: .parquet, .csv or .json.",
    ),
]
ReportOut = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE.html",
        show_default="RUN.html, beside the trace",
        help="The file to make; an earlier report there is replaced.",
    ),
]
ExportTo = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="FORM",
        show_default=False,
        autocompletion=export_forms,
        help="tensorboard: curves, of each metric and layer the mean over its MACs at each step. csv: the metrics' "
        "tables by step, a file each. netcdf, zarr: the trace itself.",
    ),
]
ExportOut = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="PATH",
        show_default="RUN.tensorboard, RUN.csv, RUN.nc or RUN.zarr, beside the trace",
        help="What to make: a file for netcdf, else a folder; nothing may be there.",
    ),
]
FailIf = Annotated[
    list[str] | None,
    typer.Option(
        metavar="RULE",
        show_default=False,
        help='Exit with 1 where this is so: "feature_coverage<0.9" (the value, of any run), '
        '"match_accuracy<-0.02" or "basis_set_size[v1]>+10%" (its change against the first run); '
        "may be given more than once.",
    ),
]
Metrics = Annotated[
    list[str] | None,
    typer.Option(
        "--metric",
        "-m",
        metavar="NAME[:key=value,...]",
        show_default="all that are built in",
        autocompletion=metric_names,
        help="A metric to compute, with parameters if wanted; may be given more than once.",
    ),
]
Resolution = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        autocompletion=resolution_names,
        help="Over which samples values are taken together: sample, step, epoch or run.",
    ),
]
Reduction = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        autocompletion=reduction_names,
        help="Over which MACs and layers: none, layerwise_mean, layerwise_sum, mean, sum, highest_layer, "
        "highest_layer_mean, or sparse (basis averages inside receptive fields only).",
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        show_default=f"1 below {SMALL_TRACE:,} samples, else -1",
        help="How many threads, or processes; -1 for one on each core.",
    ),
]
Engine = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        autocompletion=engine_names,
        help="Who does the work: serial, threads, processes, or auto (threads where there is more than one job).",
    ),
]
ChunkSize = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        show_default="as many as --total-memory allows",
        help="How many samples to work on at once.",
    ),
]
TotalMemory = Annotated[
    str, typer.Option(metavar="SIZE", help="What they may take together: 800M, 1G, or bytes.")
]
Cache = Annotated[
    bool,
    typer.Option(
        "--cache/--no-cache",
        help="Use what earlier analyses left in the folder, and leave there what later ones can use; or compute "
        "everything anew.",
    ),
]
Explain = Annotated[
    bool,
    typer.Option(
        "--explain",
        help="Only show what would be done: which metrics share which pass, what comes from the cache and what is "
        "computed, and why, and the memory it takes.",
    ),
]
ProgressBar = Annotated[
    bool | None,
    typer.Option(show_default="on a terminal", help="Show progress on standard error."),
]

RunsToPlot = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="RUN.h5",
        help='The trace: one file; or all files of a run, named or as a quoted pattern such as "run.*.h5".',
        show_default=False,
    ),
]
Picture = Annotated[
    str | None,
    typer.Argument(
        metavar="PICTURE",
        help="Which picture; without one, all are listed.",
        show_default=False,
        autocompletion=picture_names,
    ),
]
PictureOut = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", metavar="FILE", show_default=False, help="The file to make: .svg, .pdf or .png."
    ),
]
Layer = Annotated[
    str | None,
    typer.Option(metavar="NAME", show_default="all", help="One layer only, by its name or number."),
]
Width = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE", show_default="as it fits", help="The picture's width: 85mm, 8.5cm or 3.3in."
    ),
]
Height = Annotated[
    str | None, typer.Option(metavar="SIZE", show_default="in proportion", help="The picture's height.")
]
Font = Annotated[
    str | None,
    typer.Option(metavar="NAME", show_default="DejaVu Sans", help="A font that is installed, or serif."),
]
FontSize = Annotated[float, typer.Option(min=1, max=100, metavar="POINTS", help="The size of its text.")]
Dpi = Annotated[int, typer.Option(min=10, max=2400, metavar="N", help="Pixels an inch, of a PNG.")]
Title = Annotated[bool, typer.Option(help="Whether it has its title.")]

Interval = Annotated[
    float, typer.Option(min=0.1, metavar="SECONDS", help="How long to wait before looking again.")
]
Once = Annotated[bool, typer.Option("--once", help="Look once, and don't wait for anything.")]
JsonLines = Annotated[
    bool, typer.Option("--json", help="Print a JSON object on a line whenever something has changed.")
]

Repaired = Annotated[
    Path,
    typer.Option("--out", "-o", metavar="OUT.h5", show_default=False, help="The file to make."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")]

DemoFolder = Annotated[
    Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the trace and its results.")
]
DemoDataset = Annotated[
    Dataset,
    typer.Option(help="Real digits to train on: 8x8 of scikit-learn, or 28x28 of MNIST."),
]
Epochs = Annotated[int, typer.Option(min=1, metavar="N", help="How often each digit is shown in training.")]
Samples = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", show_default="all", help="How many different digits to use."),
]
Seed = Annotated[int, typer.Option(min=0, metavar="N", help="Of the model and of the order of digits.")]
