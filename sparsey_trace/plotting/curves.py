"""Values over a run: a line for each layer, the median over its MACs, and a band from 10 to 90% of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.pictures.curves import curves, increase
from sparsey_trace.pictures.words import SEEN, WORDS
from sparsey_trace.plotting.style import color_of, legend, line_of, marker_of, set_aside

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from matplotlib.axes import Axes
    from matplotlib.container import Container

    from sparsey_trace.pictures.curves import Curve
    from sparsey_trace.pictures.run import Run
    from sparsey_trace.plotting.look import Look

LOW, HIGH = 0.1, 0.9

MOST_POINTS = 100
"""More would be noise: dashes can't be told apart, and a step of few samples has few new codes or none."""

_COUNTS = ("basis_set_size", "basis_set_size_increase")
"""What is counted from nothing: the axis begins at 0."""

_EVALUATION = "evaluation"


def curves_of(run: Run, name: str) -> list[Curve]:
    """The curves of a picture, all layers'; basis sets grow in training only."""
    if name not in _COUNTS:
        return curves(run, name, most=MOST_POINTS)
    found = curves(run, "basis_set_size", most=MOST_POINTS)
    trained = [curve for curve in found if curve.phase == "train"]
    return trained if name == "basis_set_size" else [increase(curve) for curve in trained]


def draw(ax: Axes, found: Sequence[Curve], *, name: str, look: Look) -> None:
    """Draw curves on axes that may hold others already.

    Args:
        ax: where.
        found: the layers' curves, those of training first.
        name: of the picture.
        look: what they are called, and their colour.
    """
    numbers: dict[int, int] = {}
    for curve in found:
        if curve.layer in numbers:
            marks = _marks(ax, curve, look, numbers[curve.layer])
            place = list(numbers).index(curve.layer)
            set_aside(ax, marks.get_children(), place=place, of=len(numbers))
        else:
            numbers[curve.layer] = look.number_of(ax, curve.layer)
            _line(ax, curve, look, numbers[curve.layer])
    _finish(ax, name, has_band=any(curve.values.shape[1] > 1 for curve in found))


def _line(ax: Axes, curve: Curve, look: Look, number: int) -> None:
    color = look.color or color_of(number)
    few = curve.phase == "eval" or len(curve.seen) < 2
    ax.plot(
        curve.seen,
        curve.median,
        color=color,
        linestyle=line_of(number),
        marker=marker_of(number) if few else None,
        label=look.label_of(curve.name),
    )
    if curve.values.shape[1] > 1:
        low, high = curve.quantile(LOW), curve.quantile(HIGH)
        ax.fill_between(curve.seen, low, high, color=color, alpha=0.2, linewidth=0)


def _marks(ax: Axes, curve: Curve, look: Look, number: int) -> Container:
    """Evaluations beside a line of training."""
    color, median = look.color or color_of(number), curve.median
    spread = np.stack([median - curve.quantile(LOW), curve.quantile(HIGH) - median])
    marks = ax.errorbar(
        curve.seen, median, yerr=spread, fmt=marker_of(number), color=color, mec="white", capsize=2
    )
    if _EVALUATION not in _labels(ax):
        ax.plot([], [], "o", color="0.4", label=_EVALUATION)
    return marks


def _labels(ax: Axes) -> Collection[str]:
    return ax.get_legend_handles_labels()[1]


def _finish(ax: Axes, name: str, *, has_band: bool) -> None:
    words = WORDS[name]
    ax.set(xlabel=words.x, ylabel=words.y)
    if words.x == SEEN:
        ax.xaxis.set_major_formatter("{x:,.0f}")
    if name in _COUNTS:
        ax.set_ylim(bottom=0, auto=True)
    legend(ax, f"median and\n{LOW:.0%} to {HIGH:.0%} of MACs" if has_band else None)
