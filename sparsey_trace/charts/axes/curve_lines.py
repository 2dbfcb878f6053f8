"""Curves on axes of matplotlib: each layer's mean over its MACs as a line, and 10 to 90% of them."""

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
BY_CHANCE = "dotted: by chance"
"""In legends."""

_WENT_BACK = "dash-dotted: back to an\nearlier epoch"


def draw_curves(ax: Axes, found: Sequence[Curve], look: Look, *, words: Words, from_zero: bool) -> None:
    """Draw curves on axes that may hold others already.

    Of one layer alone a band shows the MACs. Bands of several would lie over each other: there, bars at the end.

    Args:
        ax: where.
        found: the layers' curves, those of training first.
        look: what they are called, and their colour.
        words: what the axes say.
        from_zero: whether the vertical axis begins at 0.
    """
    layers = list(dict.fromkeys(curve.layer for curve in found))
    evaluated = {curve.layer for curve in found if curve.phase == "eval"}
    alone = len(layers) == 1 and look.label is None
    numbers: dict[int, int] = {}
    for curve in found:
        is_first = curve.layer not in numbers
        if is_first:
            numbers[curve.layer] = look.number_of(ax, curve.layer)
        number, rank = numbers[curve.layer], layers.index(curve.layer)
        color = look.color or color_of(number)
        label = look.label_of(curve.name) if is_first else None
        if curve.phase == "eval":
            marks = _points(ax, curve, color, marker_of(number), label)
            set_aside(ax, marks.get_children(), rank=rank, of=len(layers))
        else:
            _line(ax, curve, color, number, label)
            if alone:
                _band(ax, curve, color)
            elif curve.layer not in evaluated:
                _end_bar(ax, curve, color, number)
        draw_chance(ax, curve.chance, color)
    _draw_returns(ax, found, look)
    _finish(ax, found, words, from_zero=from_zero, alone=alone)


def _finish(ax: Axes, found: Sequence[Curve], words: Words, *, from_zero: bool, alone: bool) -> None:
    ax.set(xlabel=words.x, ylabel=words.y)
    ax.locator_params(axis="x", integer=True)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ends = len(_labels(ax)) * any(curve.phase == "train" for curve in found)
    ax.set_xlim(0, max(ax.get_xlim()[1], (1.04 + 0.03 * ends) * max(curve.seen[-1] for curve in found)))
    if from_zero:
        ax.set_ylim(bottom=0, auto=True)
    if {curve.phase for curve in found} == {"train", "eval"} and _EVALUATION not in _labels(ax):
        ax.plot([], [], "o", color="0.4", label=_EVALUATION)
    shown = "band" if alone and found[0].phase == "train" else "bars"
    said = [f"{shown}: {LOW:.0%} to", f"{HIGH:.0%} of MACs"] if found[0].values.shape[1] > 1 else []
    said += [_WENT_BACK] * any(curve.returns for curve in found)
    said += [BY_CHANCE] if any(curve.chance is not None for curve in found) else []
    legend(ax, "\n".join(["mean", *said]))


def _draw_returns(ax: Axes, found: Sequence[Curve], look: Look) -> None:
    """A line up the axes wherever training went back to an earlier epoch."""
    for each in dict.fromkeys(each for curve in found for each in curve.returns):
        ax.axvline(each.seen, color=look.color or "0.5", linestyle="dashdot", linewidth=1)


def draw_chance(ax: Axes, chance: float | None, color: str) -> None:
    """A dotted line across the axes, where chance is known."""
    if chance is not None:
        ax.axhline(chance, color=color, linestyle=":", linewidth=1)


def _line(ax: Axes, curve: Curve, color: str, number: int, label: str | None) -> None:
    marker = marker_of(number) if len(curve.seen) < 2 else None
    ax.plot(curve.seen, curve.mean, color=color, linestyle=line_of(number), marker=marker, label=label)


def _band(ax: Axes, curve: Curve, color: str) -> None:
    if curve.values.shape[1] > 1:
        low, high = curve.quantile(LOW), curve.quantile(HIGH)
        ax.fill_between(curve.seen, low, high, color=color, alpha=0.2, linewidth=0)


def _end_bar(ax: Axes, curve: Curve, color: str, number: int) -> None:
    """How the MACs are spread at the end, right of what other lines have there."""
    if curve.values.shape[1] == 1:
        return
    mean = curve.mean[-1]
    ends = [[mean - curve.quantile(LOW)[-1]], [curve.quantile(HIGH)[-1] - mean]]
    bar = ax.errorbar([curve.seen[-1]], [mean], yerr=ends, color=color, capsize=2)
    set_aside(ax, bar.get_children(), rank=2 * number + 2, of=1)


def _points(ax: Axes, curve: Curve, color: str, marker: str, label: str | None) -> Container:
    """Evaluations: points, as nothing is known between two of them."""
    mean = curve.mean
    spread = np.stack([mean - curve.quantile(LOW), curve.quantile(HIGH) - mean])
    return ax.errorbar(curve.seen, mean, yerr=spread, fmt=marker, color=color, capsize=2, label=label)


def _labels(ax: Axes) -> Collection[str]:
    return ax.get_legend_handles_labels()[1]
