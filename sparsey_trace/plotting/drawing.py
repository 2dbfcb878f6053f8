"""All pictures by their names: what each one needs, and who draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import TraceError
from sparsey_trace.pictures.activity import activity
from sparsey_trace.pictures.averages import averages
from sparsey_trace.pictures.matches import matches
from sparsey_trace.pictures.similarity import similarity
from sparsey_trace.pictures.words import WORDS
from sparsey_trace.plotting import activity as macs
from sparsey_trace.plotting import averages as insets
from sparsey_trace.plotting import curves as lines
from sparsey_trace.plotting import matches as points
from sparsey_trace.plotting import similarity as pairs
from sparsey_trace.plotting.places import one, several
from sparsey_trace.plotting.style import figure_of, shown, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

    from sparsey_trace.pictures.run import Run
    from sparsey_trace.plotting.look import Look
    from sparsey_trace.plotting.places import NewFigure

BY_LAYER: dict[str, tuple[Callable[[Run], Sequence[Any]], Callable[[Axes, Any], str]]] = {
    "num_activations": (activity, macs.draw),
    "similarity": (similarity, pairs.draw),
    "basis_average": (averages, insets.draw),
}
"""Pictures that take axes for each layer: what they show, and who draws a layer."""

_BY_SAMPLE = {
    "match_accuracy_by_class": points.draw_by_class,
    "match_accuracy_by_distance": points.draw_by_distance,
}

_WIDTH = 34
"""Of what is said below the name of a layer, in characters."""


def draw(run: Run, name: str, *, ax: Any, new_figure: NewFigure, look: Look) -> Axes | list[Axes]:
    """Draw a picture.

    Args:
        run: with the table that the picture needs.
        name: one of `WORDS`.
        ax: axes to draw on, for some pictures one for each layer; None for a figure of their own.
        new_figure: makes that.
        look: how.

    Returns:
        The axes; a list of them where each layer has its own, and there are several.

    Raises:
        UsageError: other than as many axes were given as the picture has.
        TraceError: there is nothing to be drawn.
    """
    if name in BY_LAYER:
        return _draw_layers(run, name, ax, new_figure, look)
    gathered = matches(run) if name in _BY_SAMPLE else lines.curves_of(run, name)
    found: list[Any] = [part for part in gathered if part.layer in look.layers]
    _check(run, name, found)
    axes = one(ax, new_figure)
    if name in _BY_SAMPLE:
        _BY_SAMPLE[name](axes, found, look=look)
    else:
        lines.draw(axes, found, name=name, look=look)
    if look.has_title:
        axes.set_title(WORDS[name].title)
    return axes


def _draw_layers(run: Run, name: str, ax: Any, new_figure: NewFigure, look: Look) -> Axes | list[Axes]:
    gather, draw_layer = BY_LAYER[name]
    # First what may go wrong with the axes: gathering may take a while.
    names = [run.layout.layers[layer].name for layer in look.layers]
    axes = several(ax, new_figure, names)
    found = [layer for layer in gather(run) if layer.layer in look.layers]
    _check(run, name, found)
    for its, layer in zip(axes, found, strict=True):
        said = wrapped(draw_layer(its, layer), _WIDTH)
        title = [WORDS[name].title] if ax is not None and look.has_title else []
        its.set_title(
            "\n".join([", ".join([*title, shown(layer.name)]), said]).strip("\n"), fontsize="medium"
        )
    if ax is None and look.has_title:
        figure_of(axes[0]).suptitle(WORDS[name].title)
    return axes[0] if len(axes) == 1 else axes


def _check(run: Run, name: str, found: Sequence[Any]) -> None:
    if not found:
        msg = f"{run.trace.path}: {name}: expected values to draw, found no sample of the trace that has one"
        raise TraceError(msg)
