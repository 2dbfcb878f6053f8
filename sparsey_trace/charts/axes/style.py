"""What all charts share on axes of matplotlib: colours and lines of layers, names as they can be shown, legends."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from sparsey_trace.charts.shared.colours import PALETTE
from sparsey_trace.support.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

LINES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 1)))
"""Of layers, beside their colours: so that a print in grey can be read. Seven, as there are eight colours."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X")

_LONGEST_NAME = 40

_APART = 4.0
"""Points of print."""


def color_of(layer: int) -> str:
    """A layer's colour."""
    return PALETTE[layer % len(PALETTE)]


def line_of(layer: int) -> Any:
    """A layer's kind of line."""
    return LINES[layer % len(LINES)]


def marker_of(layer: int) -> str:
    """A layer's marker."""
    return MARKERS[layer % len(MARKERS)]


def shown(name: str) -> str:
    r"""A name from a trace as matplotlib shows it as it is: no formula, not hidden, not longer than a legend.

    >>> shown("a$b$"), shown("_v1"), shown("v\x1b")
    ('a\\$b\\$', ' _v1', 'v\\x1b')
    """
    line = printable(name)
    short = line if len(line) <= _LONGEST_NAME else f"{line[: _LONGEST_NAME - 1]}…"
    # A label that begins with an underscore is left out of legends.
    return f" {short}".replace("$", r"\$") if short.startswith("_") else short.replace("$", r"\$")


def wrapped(text: str, width: int) -> str:
    """A text in lines of a width in characters."""
    return "\n".join(textwrap.wrap(text, width))


def figure_of(ax: Axes) -> Figure:
    """The figure that axes are on, around all subfigures."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure


def scale(ax: Axes, measured: ScalarMappable, label: str) -> None:
    """A colour bar beside the axes."""
    # An inset is as high as the axes, whatever their aspect.
    ax.figure.colorbar(measured, cax=ax.inset_axes((1.04, 0, 0.05, 1)), label=label)


def label_outer(axes: Sequence[Axes], columns: int) -> None:
    """Leave what axes measure to the first of each row, and what colour bars do to the last, where it is the same."""
    titles = [its.get_ylabel() for its in axes]
    scales = [[bar.get_ylabel() for bar in its.child_axes] for its in axes]
    for index, its in enumerate(axes):
        if index % columns and titles[index] == titles[index - 1]:
            its.set_ylabel("")
        if (index + 1) % columns and index + 1 < len(axes) and scales[index] == scales[index + 1]:
            for bar in its.child_axes:
                bar.set_ylabel("")


def set_aside(ax: Axes, artists: Iterable[Artist], *, rank: int, of: int) -> None:
    """Move what stands at the same x as others of its kind a little, so that they don't hide each other.

    Args:
        ax: the axes.
        artists: what is moved.
        rank: which of its kind it is, from 0.
        of: how many there are.
    """
    from matplotlib.transforms import ScaledTranslation

    inches = (rank - (of - 1) / 2) * _APART / 72
    aside = ScaledTranslation(inches, 0, figure_of(ax).dpi_scale_trans)
    for artist in artists:
        artist.set_transform(artist.get_transform() + aside)


def legend(ax: Axes, title: str | None = None) -> None:
    """A legend of all that is on the axes: beside them where a layout makes room for it."""
    if figure_of(ax).get_layout_engine() is not None:
        ax.legend(title=title, loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, alignment="left")
    else:
        ax.legend(title=title, alignment="left")
