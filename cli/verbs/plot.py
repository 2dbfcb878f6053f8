"""`plot`: one picture of a run, into a file."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sparsey_trace.errors import UsageError
from sparsey_trace.support.printable import printable
from sparsey_trace.support.suggest import unknown

from ..options.common import Debug, Overwrite
from ..options.jobs import num_jobs
from ..options.runs import FILES, CompleteSteps, MissingRanks, RepeatedSteps, Tables
from ..options.trace_path import path_here, trace_path
from ..output.printing import note, wants_progress, write
from ..output.table import write_table

if TYPE_CHECKING:
    from sparsey_trace.charts.plotting.paper import Paper
    from sparsey_trace.layout import Layout
    from sparsey_trace.replay.find_or_make import Tables as FoundTables
    from sparsey_trace.trace.reading.trace import Trace

EXAMPLES = """\b
Examples:
  sparsey-trace plot                        which pictures there are, and what they mean
  sparsey-trace plot run.h5 basis_set_size -o growth.pdf --width 85mm
  sparsey-trace plot run.h5 basis_average -o stands-for.svg --layer v1 --no-title
It needs matplotlib: pip install "sparsey-trace[plot]\""""


def picture_names() -> list[tuple[str, str]]:
    """Names of charts, with their titles."""
    from sparsey_trace.charts.catalogue import CHARTS

    return [(name, chart.words.title) for name, chart in CHARTS.items()]


RunsToPlot = Annotated[
    list[Path] | None, typer.Argument(metavar="RUN.h5", help=FILES, show_default=False, parser=trace_path)
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
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        show_default=False,
        parser=path_here,
        help="The file to make: .svg, .pdf or .png.",
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

_INCHES = {"mm": 1 / 25.4, "cm": 1 / 2.54, "in": 1.0}

_SMALLEST, _LARGEST = 0.5, 100.0
"""Inches."""


def plot(
    runs: RunsToPlot = None,
    picture: Picture = None,
    *,
    missing_ranks: MissingRanks = "refuse",
    complete_steps: CompleteSteps = False,
    repeated_steps: RepeatedSteps = "all",
    out: Out = None,
    layer: Layer = None,
    width: Width = None,
    height: Height = None,
    font: Font = None,
    font_size: FontSize = 8,
    dpi: Dpi = 200,
    title: Title = True,
    tables: Tables = None,
    overwrite: Overwrite = False,
    debug: Debug = False,
) -> None:
    """Draw a picture of a run for a paper.

    The same trace gives the same bytes. The table that it needs is taken from RUN.metrics, or made there.
    """
    from sparsey_trace.charts.plotting.paper import Paper

    if picture is None or (not runs and picture not in dict(picture_names())):
        _list_pictures()
        return
    paper = Paper(
        width=parse_size(width, "--width"),
        height=parse_size(height, "--height"),
        font=font,
        font_size=font_size,
        dpi=dpi,
    )
    _draw(
        runs or [],
        picture,
        out,
        files={
            "missing_ranks": missing_ranks,
            "complete_steps": complete_steps,
            "repeated_steps": repeated_steps,
        },
        layer=layer,
        paper=paper,
        has_title=title,
        folder=tables,
        overwrite=overwrite,
    )


def _list_pictures() -> None:
    from sparsey_trace.charts.catalogue import CHARTS

    rows = [(name, f"{chart.words.title}. {chart.words.meaning}") for name, chart in CHARTS.items()]
    write_table(("picture", "what it shows"), rows)


def parse_size(text: str | None, option: str) -> float | None:
    """A length as it is written on the command line, in inches.

    Raises:
        UsageError: another grammar, or a size that no picture has.

    >>> parse_size("3.3in", "--width")
    3.3
    """
    if text is None:
        return None
    found = re.fullmatch(r"(\d+\.?\d*|\.\d+) ?(mm|cm|in)", text)
    size = float(found[1]) * _INCHES[found[2]] if found else 0.0
    if not _SMALLEST <= size <= _LARGEST:
        msg = f"{option}: expected a size such as 85mm, 8.5cm or 3.3in, found {text!r}"
        raise UsageError(msg)
    return size


def _draw(
    runs: Sequence[Path],
    picture: str,
    out: Path | None,
    *,
    files: Mapping[str, Any],
    layer: str | None,
    paper: "Paper",
    has_title: bool,
    folder: Path | None,
    overwrite: bool,
) -> None:
    """Draw a picture; the table that it needs is made if RUN.metrics doesn't have it."""
    from sparsey_trace.charts.axes.look import Look
    from sparsey_trace.charts.catalogue import CHARTS
    from sparsey_trace.charts.plotting.paper import save
    from sparsey_trace.charts.shared.run import Run
    from sparsey_trace.replay.analyze import by_sample
    from sparsey_trace.replay.result import Result
    from sparsey_trace.trace.reading.open_trace import open_trace

    out = _checked(runs, picture, out, paper, overwrite=overwrite)
    with open_trace(runs, **files) as trace:
        look = Look(layers=_layers(trace.layout, layer), has_title=has_title)
        # Held until the picture is drawn: tables that aren't kept live as long as this.
        tables = _tables(trace, picture, folder)
        result = Result({}, skipped={}) if tables is None else tables.result
        run = Run(name=str(trace.path), trace=trace, tables=result, by_sample=by_sample)
        width, height = save(run, CHARTS[picture], out, paper=paper, look=look)
    size = f"{width * 25.4:.0f} x {height * 25.4:.0f} mm"
    write(printable(f"{out}: {CHARTS[picture].words.title} of {trace.path}, {size}"))


def _checked(
    runs: Sequence[Path], picture: str, out: Path | None, paper: "Paper", *, overwrite: bool
) -> Path:
    """The file to make, once it is known that the picture can be drawn.

    Raises:
        UsageError: no trace, no such picture, no file, no matplotlib, or no such font.
        OutputError: another file is there.
    """
    from sparsey_trace.charts.base import check_installed
    from sparsey_trace.charts.catalogue import CHARTS
    from sparsey_trace.charts.plotting.paper import check_font, check_path

    if not runs:
        msg = f"RUN.h5: expected a trace before the picture's name, as in `plot RUN.h5 {picture} -o {picture}.svg`"
        raise UsageError(msg)
    if picture not in CHARTS:
        raise UsageError(unknown("PICTURE", picture, CHARTS))
    if out is None:
        msg = f"--out: expected a file to make, as in `-o {picture}.svg`, found none"
        raise UsageError(msg)
    check_path(out, overwrite=overwrite)
    check_installed("plot")
    if paper.font is not None:
        check_font(paper.font)
    return out


def _layers(layout: "Layout", layer: str | None) -> tuple[int, ...]:
    """The layers that are named: by a name, if there is one that looks like a number."""
    from sparsey_trace.charts.axes.targets import chosen_layers

    names = [its.name for its in layout.layers]
    is_number = layer is not None and layer not in names and layer.isdecimal()
    return chosen_layers(layout, int(layer) if is_number and layer is not None else layer)


def _tables(trace: "Trace", picture: str, folder: Path | None) -> "FoundTables | None":
    from sparsey_trace.charts.catalogue import CHARTS
    from sparsey_trace.replay.find_or_make import Question, tables_of

    table = CHARTS[picture].table
    if table is None:
        return None
    question = Question.about([table], n_jobs=num_jobs(None, trace), progress_bar=wants_progress())
    tables = tables_of(trace, question, folder)
    for remark in tables.remarks:
        note(remark)
    return tables
