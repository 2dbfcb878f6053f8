"""Curves on axes of matplotlib: each layer's mean over its MACs as a line, and 10 to 90% of them as a band."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.charts.axes.style import color_of, legend, line_of, marker_of, set_aside

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from matplotlib.axes import Axes
    from matplotlib.container import Container

    from sparsey_trace.charts.axes.look import Look
    from sparsey_trace.charts.shared.curves import Curve
    from sparsey_trace.charts.shared.words import Words

LOW, HIGH = 0.1, 0.9

_EVALUATION = "evaluation"


def draw_curves(ax: Axes, found: Sequence[Curve], look: Look, *, words: Words, from_zero: bool) -> None:
    """Draw curves on axes that may hold others already.

    Args:
        ax: where.
        found: the layers' curves, those of training first.
        look: what they are called, and their colour.
        words: what the axes say.
        from_zero: whether the vertical axis begins at 0.
    """
    numbers: dict[int, int] = {}
    for curve in found:
        if curve.layer in numbers:
            marks = _marks(ax, curve, look, numbers[curve.layer])
            rank = list(numbers).index(curve.layer)
            set_aside(ax, marks.get_children(), rank=rank, of=len(numbers))
        else:
            numbers[curve.layer] = look.number_of(ax, curve.layer)
            _line(ax, curve, look, numbers[curve.layer])
    ax.set(xlabel=words.x, ylabel=words.y)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    if from_zero:
        ax.set_ylim(bottom=0, auto=True)
    has_band = any(curve.values.shape[1] > 1 for curve in found)
    legend(ax, f"mean and\n{LOW:.0%} to {HIGH:.0%} of MACs" if has_band else None)


def _line(ax: Axes, curve: Curve, look: Look, number: int) -> None:
    color = look.color or color_of(number)
    few = curve.phase == "eval" or len(curve.seen) < 2
    ax.plot(
        curve.seen,
        curve.mean,
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
    color, mean = look.color or color_of(number), curve.mean
    spread = np.stack([mean - curve.quantile(LOW), curve.quantile(HIGH) - mean])
    marks = ax.errorbar(
        curve.seen, mean, yerr=spread, fmt=marker_of(number), color=color, mec="white", capsize=2
    )
    if _EVALUATION not in _labels(ax):
        ax.plot([], [], "o", color="0.4", label=_EVALUATION)
    return marks


def _labels(ax: Axes) -> Collection[str]:
    return ax.get_legend_handles_labels()[1]
