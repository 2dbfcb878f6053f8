"""How a caller wants a chart to look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sparsey_trace.charts.axes.style import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True)
class Look:
    """What can be chosen.

    Attributes:
        layers: the numbers of the layers that are drawn.
        label: what the run is called in the legend; None where there is only one run.
        color: of all of the run's lines; None for one for each layer and run.
        has_title: whether the chart has its title.
    """

    layers: tuple[int, ...]
    label: str | None = None
    color: str | None = None
    has_title: bool = True

    def number_of(self, ax: Axes, layer: int) -> int:
        """The number of a layer's colour, line and marker; runs that have names take the next on the axes."""
        if self.label is None:
            return layer
        return len(ax.get_legend_handles_labels()[1])

    def label_of(self, layer: str) -> str:
        """A layer's name in the legend; the run's where it shows one layer only."""
        if self.label is None:
            return shown(layer)
        return shown(self.label) if len(self.layers) == 1 else f"{shown(self.label)}, {shown(layer)}"
