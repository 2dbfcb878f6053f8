"""One picture of a run, into a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sparsey_trace.errors import UsageError
from sparsey_trace.pictures.run import Run
from sparsey_trace.pictures.words import WORDS
from sparsey_trace.plotting.look import Look
from sparsey_trace.plotting.needs import check_installed, table_of
from sparsey_trace.plotting.paper import check_font, check_path, save
from sparsey_trace.plotting.places import layers_of
from sparsey_trace.replay.find_or_make import Question, tables_of
from sparsey_trace.replay.result import Result
from sparsey_trace.support.suggest import unknown
from sparsey_trace.trace.reading.open_trace import open_trace

from . import options, render

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sparsey_trace.layout import Layout
    from sparsey_trace.plotting.paper import Paper
    from sparsey_trace.replay.find_or_make import Tables
    from sparsey_trace.trace.reading.trace import Trace

_INCHES = {"mm": 1 / 25.4, "cm": 1 / 2.54, "in": 1.0}

_SMALLEST, _LARGEST = 0.5, 100.0
"""Inches."""


def list_pictures() -> None:
    """Say which pictures there are."""
    rows = [(name, f"{words.title}. {words.meaning}") for name, words in WORDS.items()]
    render.table(("picture", "what it shows"), rows)


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


def plot(
    runs: Sequence[Path],
    picture: str,
    out: Path | None,
    *,
    layer: str | None,
    paper: Paper,
    title: bool,
    overwrite: bool,
) -> None:
    """Draw a picture; the table that it needs is made if RUN.metrics doesn't have it."""
    if not runs:
        msg = f"RUN.h5: expected a trace before the picture's name, as in `plot RUN.h5 {picture} -o {picture}.svg`"
        raise UsageError(msg)
    _check_name(picture)
    if out is None:
        msg = f"--out: expected a file to make, as in `-o {picture}.svg`, found none"
        raise UsageError(msg)
    check_path(out, overwrite=overwrite)
    check_installed("plot")
    if paper.font is not None:
        check_font(paper.font)
    with open_trace(runs) as trace:
        look = Look(layers=_layers(trace.layout, layer), has_title=title)
        # Held until the picture is drawn: tables that aren't kept live as long as this.
        tables = _tables(trace, picture)
        result = Result({}, skipped={}) if tables is None else tables.result
        run = Run(name=str(trace.path), trace=trace, result=result)
        width, height = save(run, picture, out, paper=paper, look=look)
    size = f"{width * 25.4:.0f} x {height * 25.4:.0f} mm"
    render.write(render.printable(f"{out}: {WORDS[picture].title} of {trace.path}, {size}"))


def _check_name(picture: str) -> None:
    if picture not in WORDS:
        raise UsageError(unknown("PICTURE", picture, WORDS))


def _layers(layout: Layout, layer: str | None) -> tuple[int, ...]:
    """The layers that are named: by a name, if there is one that looks like a number."""
    names = [its.name for its in layout.layers]
    is_number = layer is not None and layer not in names and layer.isdecimal()
    return layers_of(layout, int(layer) if is_number and layer is not None else layer)


def _tables(trace: Trace, picture: str) -> Tables | None:
    table = table_of(picture)
    if table is None:
        return None
    jobs, shown = options.default_jobs(len(trace)), render.wants_progress()
    tables = tables_of(trace, Question.about([table], n_jobs=jobs, progress_bar=shown))
    for remark in tables.remarks:
        render.note(remark)
    return tables
