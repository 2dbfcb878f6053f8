"""`result.plot`: the pictures of a result, in a notebook or on axes of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import UsageError
from sparsey_trace.pictures.run import Run
from sparsey_trace.pictures.words import WORDS
from sparsey_trace.plotting.needs import check_installed, check_table

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from sparsey_trace.replay.result import Result


class Plot:
    """Pictures of an analysis, by step and without a reduction; what each one means is in docs/plots.md.

    All take `ax`, the matplotlib axes to draw on; without, they make a figure of their own. They return the axes,
    or an array of them where each layer has its own. `layer`, a name or a number, picks one layer.

    Curves of several runs go on the same axes, each with its `label`, and its `color` if wanted:

        for result, k in zip(results, ks):
            result.plot.basis_set_size(ax, layer="v1", label=f"K = {k}")
    """

    def __init__(self, result: Result) -> None:
        """Made by `Result`."""
        self._result = result

    def basis_set_size(
        self,
        ax: Axes | None = None,
        *,
        layer: int | str | None = None,
        label: str | None = None,
        color: str | None = None,
    ) -> Axes:
        """How many different codes MACs have shown: each layer's median, and 10 to 90% of its MACs."""
        return self._joint("basis_set_size", ax, layer, label, color)

    def basis_set_size_increase(
        self,
        ax: Axes | None = None,
        *,
        layer: int | str | None = None,
        label: str | None = None,
        color: str | None = None,
    ) -> Axes:
        """How fast new codes still appear; drawn from the table basis_set_size."""
        return self._joint("basis_set_size_increase", ax, layer, label, color)

    def feature_coverage(
        self,
        ax: Axes | None = None,
        *,
        layer: int | str | None = None,
        label: str | None = None,
        color: str | None = None,
    ) -> Axes:
        """How much of the input gets to MACs: each layer's median, and 10 to 90% of its MACs."""
        return self._joint("feature_coverage", ax, layer, label, color)

    def match_accuracy(
        self,
        ax: Axes | None = None,
        *,
        layer: int | str | None = None,
        label: str | None = None,
        color: str | None = None,
    ) -> Axes:
        """How far codes agree with those for the nearest training input, evaluation by evaluation."""
        return self._joint("match_accuracy", ax, layer, label, color)

    def match_accuracy_by_class(
        self,
        ax: Axes | None = None,
        *,
        layer: int | str | None = None,
        label: str | None = None,
        color: str | None = None,
    ) -> Axes:
        """Match accuracy of each class of evaluation samples; replays the trace."""
        return self._joint("match_accuracy_by_class", ax, layer, label, color)

    def match_accuracy_by_distance(
        self,
        ax: Axes | None = None,
        *,
        layer: int | str | None = None,
        label: str | None = None,
        color: str | None = None,
    ) -> Axes:
        """Match accuracy against the distance to the nearest training input; replays the trace."""
        return self._joint("match_accuracy_by_distance", ax, layer, label, color)

    def sisc_adherence(
        self,
        ax: Axes | None = None,
        *,
        layer: int | str | None = None,
        label: str | None = None,
        color: str | None = None,
    ) -> Axes:
        """Whether similar inputs get similar codes: each layer's median, and 10 to 90% of its MACs."""
        return self._joint("sisc_adherence", ax, layer, label, color)

    def num_activations(
        self, ax: Any = None, *, layer: int | str | None = None
    ) -> Axes | NDArray[np.object_]:
        """Which MACs are alive: the share of samples for which each was active, on its place."""
        return self._by_layer("num_activations", ax, layer)

    def similarity(self, ax: Any = None, *, layer: int | str | None = None) -> Axes | NDArray[np.object_]:
        """Pairs of training samples: the similarity of inputs against that of codes. Needs no table."""
        return self._by_layer("similarity", ax, layer)

    def basis_average(self, ax: Any = None, *, layer: int | str | None = None) -> Axes | NDArray[np.object_]:
        """What each MAC stands for: the mean input while it was active, on the MAC's place."""
        return self._by_layer("basis_average", ax, layer)

    def __repr__(self) -> str:
        """The pictures that there are."""
        return "\n".join(f"plot.{name}(): {words.title}" for name, words in WORDS.items())

    def _joint(
        self, name: str, ax: Axes | None, layer: int | str | None, label: str | None, color: str | None
    ) -> Axes:
        drawn: Axes = self._draw(name, ax, layer, label=label, color=color)
        return drawn

    def _by_layer(self, name: str, ax: Any, layer: int | str | None) -> Axes | NDArray[np.object_]:
        import numpy as np

        drawn = self._draw(name, ax, layer)
        return np.array(drawn, dtype=object) if isinstance(drawn, list) else drawn

    def _draw(self, name: str, ax: Any, layer: int | str | None, **look: Any) -> Any:
        check_installed(f"plot.{name}")
        from sparsey_trace.plotting.drawing import draw
        from sparsey_trace.plotting.look import Look
        from sparsey_trace.plotting.places import layers_of

        check_table(self._result, name)
        if self._result.origin is None:
            msg = f"plot.{name}: expected what `analyze` returned, found tables whose trace isn't known"
            raise UsageError(msg)
        with self._result.origin.opened() as trace:
            chosen = Look(layers=layers_of(trace.layout, layer), **look)
            run = Run(name=str(trace.path), trace=trace, result=self._result)
            return draw(run, name, ax=ax, new_figure=_new_figure, look=chosen)


def _new_figure(size: tuple[float, float] | None) -> Figure:
    """One that pyplot knows, so that notebooks show it."""
    from matplotlib import pyplot

    return pyplot.figure(figsize=size, layout="constrained")
