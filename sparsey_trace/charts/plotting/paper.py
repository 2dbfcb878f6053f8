"""Charts as files for papers: of a size, with a font, and the same bytes each time."""

from __future__ import annotations

import difflib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import UsageError
from sparsey_trace.support.writing import check_no_file, write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

    from sparsey_trace.charts.axes.look import Look
    from sparsey_trace.charts.base import JointChart, LayerChart
    from sparsey_trace.charts.shared.run import Run

# What each kind of file says of its making by default, and what makes its bytes differ.
_METADATA: dict[str, dict[str, None]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
}

_USUAL = (6.0, 4.0)
"""Inches."""

_MOST_PIXELS = 1 << 27

_FAMILIES = ("serif", "sans-serif", "monospace", "cursive", "fantasy")


@dataclass(frozen=True, kw_only=True)
class Paper:
    """What a chart is drawn on.

    Attributes:
        width: in inches; None for what is usual.
        height: the same.
        font: a font's name; None for matplotlib's own, which is the same everywhere.
        font_size: in points.
        dpi: pixels an inch, of a PNG.
    """

    width: float | None = None
    height: float | None = None
    font: str | None = None
    font_size: float = 8
    dpi: int = 200


def check_path(path: Path, *, overwrite: bool) -> None:
    """See that a picture can go there, before anything is computed.

    Raises:
        UsageError: the name's ending is none of a picture.
        OutputError: there is a file already.
    """
    if path.suffix not in _METADATA:
        near = difflib.get_close_matches(path.suffix.lower(), _METADATA, n=1)
        meant = f" (did you mean {path.with_suffix(near[0])}?)" if near else ""
        msg = f"--out: expected a file's name that ends in one of {', '.join(_METADATA)}, found {str(path)!r}{meant}"
        raise UsageError(msg)
    check_no_file(path, overwrite=overwrite)


def check_font(name: str) -> None:
    """See that there is a font, or that it is a family such as serif.

    Raises:
        UsageError: there isn't; the message names the nearest.
    """
    from matplotlib import font_manager

    known = [*_FAMILIES, *sorted(set(font_manager.get_font_names()))]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or list(_FAMILIES[:3])
        msg = f"--font: expected a font that is installed, such as {', '.join(near)}, found {name!r}"
        raise UsageError(msg)


def save(
    run: Run, chart: JointChart[Any] | LayerChart[Any], path: Path, *, paper: Paper, look: Look
) -> tuple[float, float]:
    """Draw a chart into a file; neither pyplot nor a matplotlibrc has a say. A file that is there is replaced.

    Returns:
        Its width and height in inches.

    Raises:
        UsageError: it would have too many pixels.
        TraceError: there is nothing to be drawn.
        OutputError: the file can't be written.
    """
    import matplotlib as mpl

    from sparsey_trace.charts.plotting.drawing import draw

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_settings(paper))
        figures: list[Figure] = []

        def new_figure(size: tuple[float, float] | None) -> Figure:
            figures.append(_figure(size or _USUAL, paper))
            return figures[0]

        draw(run, chart, ax=None, new_figure=new_figure, look=look)
        width, height = figures[0].get_size_inches()
        if path.suffix == ".png" and width * height * paper.dpi**2 > _MOST_PIXELS:
            msg = (
                f"--dpi: expected a picture of at most {_MOST_PIXELS:,} pixels, found "
                f"{width * paper.dpi:,.0f} x {height * paper.dpi:,.0f}"
            )
            raise UsageError(msg)
        made = io.BytesIO()
        figures[0].savefig(made, format=path.suffix[1:], metadata=_METADATA[path.suffix])
    write_whole(path, made.getvalue())
    return float(width), float(height)


def _settings(paper: Paper) -> dict[Any, Any]:
    return {
        "font.size": paper.font_size,
        "savefig.dpi": paper.dpi,
        # Text stays text: it can be searched, and edited.
        "svg.fonttype": "none",
        "pdf.fonttype": 42,
        # Instead of random names of parts.
        "svg.hashsalt": "sparsey-trace",
        **({} if paper.font is None else {"font.family": [paper.font]}),
    }


def _figure(size: tuple[float, float], paper: Paper) -> Figure:
    from matplotlib.figure import Figure

    usual = size[1] / size[0]
    width = paper.width or (size[0] if paper.height is None else paper.height / usual)
    return Figure(figsize=(width, paper.height or width * usual), layout="constrained")
