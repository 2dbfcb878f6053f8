"""`result.plot`: the charts of a result, in a notebook or on axes of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sparsey_trace.charts.base import check_installed, check_table
from sparsey_trace.charts.catalogue import CHARTS
from sparsey_trace.charts.shared.run import Run, RunTables
from sparsey_trace.errors import UsageError, said_by_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

    from sparsey_trace.charts.base import Chart
    from sparsey_trace.charts.shared.run import BySample
    from sparsey_trace.trace.reading.open_trace import Snapshot


class RunResult(RunTables, Protocol):
    """What `analyze` returns, as far as charts need it."""

    @property
    def origin(self) -> Snapshot | None:
        """The trace that the tables are of, as it was then; None where only the tables are known."""
        ...

    @property
    def by_sample(self) -> BySample | None:
        """Computes a metric of the trace by sample; None where the trace isn't known."""
        ...


class Plot:
    """Charts of an analysis, by step and without a reduction; what each one means is in docs/plots.md.

    All take `ax`, the matplotlib axes to draw on; without, they make a figure of their own. They return the axes,
    or an array of them where each layer has its own. `layer`, a name or a number, picks one layer.

    Curves of several runs go on the same axes, each with its `label`, and its `color` if wanted:

        for result, k in zip(results, ks):
            result.plot.basis_set_size(ax, layer="v1", label=f"K = {k}")
    """

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Callable[..., Any]:
            """Every chart of the catalogue is a method; type checkers don't know which there are."""
            ...

    def __init__(self, result: RunResult) -> None:
        """Made by `Result`."""
        self._result = result

    def __repr__(self) -> str:
        """The charts that there are."""
        return "\n".join(f"plot.{name}(): {chart.words.title}" for name, chart in CHARTS.items())

    def _draw(self, name: str, ax: Any, layer: int | str | None, **look: Any) -> Any:
        check_installed(f"plot.{name}")
        from sparsey_trace.charts.axes.look import Look
        from sparsey_trace.charts.axes.targets import chosen_layers
        from sparsey_trace.charts.plotting.drawing import draw

        chart, result = CHARTS[name], self._result
        check_table(result, chart)
        if result.origin is None or result.by_sample is None:
            msg = f"plot.{name}: expected what `analyze` returned, found tables whose trace isn't known"
            raise UsageError(msg)
        with result.origin.opened() as trace:
            chosen = Look(layers=chosen_layers(trace.layout, layer), **look)
            run = Run(
                name=said_by_url(str(trace.path)), trace=trace, tables=result, by_sample=result.by_sample
            )
            return draw(run, chart, ax=ax, new_figure=_new_figure, look=chosen)


def _method(chart: Chart[Any]) -> Callable[..., Any]:
    """A chart as a method of `Plot`, with its words as docstring."""

    def joint(
        self: Plot,
        ax: Any = None,
        *,
        layer: int | str | None = None,
        label: str | None = None,
        color: str | None = None,
    ) -> Any:
        return self._draw(chart.name, ax, layer, label=label, color=color)

    def by_layer(self: Plot, ax: Any = None, *, layer: int | str | None = None) -> Any:
        import numpy as np

        drawn = self._draw(chart.name, ax, layer)
        return np.array(drawn, dtype=object) if isinstance(drawn, list) else drawn

    method: Callable[..., Any] = by_layer if chart.has_layer_axes else joint
    method.__name__, method.__qualname__ = chart.name, f"Plot.{chart.name}"
    method.__doc__ = f"{chart.words.title}. {chart.words.meaning}"
    return method


for _chart in CHARTS.values():
    setattr(Plot, _chart.name, _method(_chart))


def _new_figure(size: tuple[float, float] | None) -> Figure:
    """One that pyplot knows, so that notebooks show it."""
    from matplotlib import pyplot

    return pyplot.figure(figsize=size, layout="constrained")
