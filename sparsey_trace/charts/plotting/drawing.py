"""A chart drawn with matplotlib, on axes that are there or on a new figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.charts.axes.style import figure_of, label_outer, shown, wrapped
from sparsey_trace.charts.axes.targets import COLUMNS, axes_for_all, axes_for_each
from sparsey_trace.charts.base import LayerChart
from sparsey_trace.errors import TraceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from sparsey_trace.charts.axes.look import Look
    from sparsey_trace.charts.axes.targets import NewFigure
    from sparsey_trace.charts.base import Chart, JointChart
    from sparsey_trace.charts.shared.run import Run

_WIDTH = 28
"""Of what is said below the name of a layer, in characters."""


def draw(
    run: Run, chart: JointChart[Any] | LayerChart[Any], *, ax: Any, new_figure: NewFigure, look: Look
) -> Axes | list[Axes]:
    """Draw a chart.

    Args:
        run: with the table that the chart needs.
        chart: one of the catalogue.
        ax: axes to draw on, for some charts one for each layer; None for a new figure.
        new_figure: makes that.
        look: how.

    Returns:
        The axes; a list of them where each layer has its own, and there are several.

    Raises:
        UsageError: other than as many axes were given as the chart has.
        TraceError: there is nothing to be drawn.
    """
    if isinstance(chart, LayerChart):
        return _draw_layers(run, chart, ax, new_figure, look)
    found = _data(run, chart, look)
    axes = axes_for_all(ax, new_figure)
    chart.draw(axes, found, look)
    if look.has_title:
        axes.set_title(chart.words.title)
    return axes


def _draw_layers(
    run: Run, chart: LayerChart[Any], ax: Any, new_figure: NewFigure, look: Look
) -> Axes | list[Axes]:
    # First what may go wrong with the axes: the data may take a while.
    names = [run.layout.layers[layer].name for layer in look.layers]
    axes = axes_for_each(ax, new_figure, names)
    found = _data(run, chart, look)
    for its, layer in zip(axes, found, strict=True):
        said = wrapped(chart.draw(its, layer), _WIDTH)
        title = [chart.words.title] if ax is not None and look.has_title else []
        its.set_title(
            "\n".join([", ".join([*title, shown(layer.name)]), said]).strip("\n"), fontsize="medium"
        )
    if ax is None:
        label_outer(axes, COLUMNS)
    if ax is None and look.has_title:
        figure_of(axes[0]).suptitle(chart.words.title)
    return axes[0] if len(axes) == 1 else axes


def _data(run: Run, chart: Chart[Any], look: Look) -> Sequence[Any]:
    """What the chart shows of the layers that are asked for."""
    found = [layer for layer in chart.data(run) if layer.layer in look.layers]
    if not found:
        msg = f"{run.trace.path}: {chart.name}: expected values to draw, found that {chart.unless}"
        raise TraceError(msg)
    return found
