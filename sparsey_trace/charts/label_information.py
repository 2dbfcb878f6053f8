"""Which MACs tell a sample's label: how many bits, beyond what shuffled labels seem to tell, where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq

from sparsey_trace.charts.base import LayerChart
from sparsey_trace.charts.shared.grid import Grid, grid_of
from sparsey_trace.charts.shared.words import LABELS, Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sparsey_trace.charts.panels.panel import Contribution, Panel
    from sparsey_trace.charts.shared.run import Run
    from sparsey_trace.charts.shared.views import View, Views


@dataclass(frozen=True, eq=False, kw_only=True)
class Told:
    """What one layer's MACs tell of labels in training, or where that has none in evaluation.

    Attributes:
        layer: its number.
        name: its name.
        grid: where the MACs stand.
        phase: `train` or `eval`.
        samples: how many have a known label.
        bits: [M] float64.
        shuffled: [M] float64, the same of shuffled labels.
        activity_bits: [M] float64, what activity alone tells.
        codes: [M] int64, how many codes a MAC showed.
        entropy: of the labels, in bits; nan where no MAC tells any, or all are the same.
        has_one_label: whether all are the same.
        most: the most that a MAC of the run tells beyond shuffled labels.
    """

    layer: int
    name: str
    grid: Grid
    phase: str
    samples: int
    bits: NDArray[np.float64]
    shuffled: NDArray[np.float64]
    activity_bits: NDArray[np.float64]
    codes: NDArray[np.int64]
    entropy: float
    has_one_label: bool
    most: float

    @property
    def beyond(self) -> NDArray[np.float64]:
        """[M] float64, bits beyond those of shuffled labels; 0 where these tell as much."""
        return np.maximum(self.bits - self.shuffled, 0)

    @property
    def silent(self) -> NDArray[np.bool_]:
        """[M] bool, whether a MAC was never active."""
        return np.asarray(self.codes == 0)

    @property
    def said(self) -> str:
        """What the map comes to, in words."""
        best = int(self.beyond.argmax())
        whole = "" if np.isnan(self.entropy) else f" of {self.entropy:.2f}"
        if self.has_one_label:
            parts = ["all labels are the same, so nothing can be told"]
        elif not self.beyond[best]:
            parts = ["no MAC tells more than it does of shuffled labels"]
        else:
            parts = [f"up to {self.beyond[best]:.2f}{whole} bits (MAC {best})"]
        parts += [f"{self.silent.sum():,} MACs never active"] if self.silent.any() else []
        return "; ".join(parts)


def told(run: Run) -> list[Told]:
    """Each layer's; none where no sample has a label.

    Raises:
        KeyError: there is no table of it; the message says why.
    """
    table = pq.read_table(run.tables.path("label_information"))
    macs = [layer.num_macs for layer in run.layout.layers]
    if not len(table):
        return []
    mine = table.slice(0, sum(macs))
    columns = {
        name: mine[name].to_numpy().astype(np.float64)
        for name in ("bits", "share", "shuffled", "activity_bits", "codes")
    }
    most = float(np.maximum(columns["bits"] - columns["shuffled"], 0).max())
    # All shares are of the same entropy: the largest says it best.
    best = int(columns["bits"].argmax())
    entropy = columns["bits"][best] / columns["share"][best] if columns["share"][best] > 0 else np.nan
    parts = {name: np.split(values, np.cumsum(macs)[:-1]) for name, values in columns.items()}
    return [
        Told(
            layer=number,
            name=layer.name,
            grid=grid_of(layer),
            phase=mine["phase"][0].as_py(),
            samples=mine["samples"][0].as_py(),
            bits=parts["bits"][number],
            shuffled=parts["shuffled"][number],
            activity_bits=parts["activity_bits"][number],
            codes=parts["codes"][number].astype(np.int64),
            entropy=float(entropy),
            has_one_label=bool(np.isnan(columns["share"]).all()),
            most=most,
        )
        for number, layer in enumerate(run.layout.layers)
    ]


class LabelInformationChart(LayerChart[Told]):
    """Bits beyond those of shuffled labels, as the colour of each MAC's cell."""

    name = "label_information"
    table = "label_information"
    needs_steps = False
    heading = LABELS
    words = Words(
        title="What MACs tell of the label",
        x="x position",
        y="y position",
        meaning="How many bits of a sample's label a MAC's code, or its silence, tells in training, less what "
        "it tells of shuffled labels: chance. Where a MAC is dark, what it does has little to do with the class.",
        example="Three grids of MACs; in the lower two those in the middle are the lightest",
    )

    def data(self, run: Run) -> list[Told]:
        """Each layer's."""
        return run.once(told)

    def draw(self, ax: Axes, found: Told) -> str:
        """The layer's MACs on their grid, silent ones crossed."""
        from sparsey_trace.charts.axes.cells import color_macs

        label = "bits beyond chance"
        color_macs(ax, found.grid, found.beyond, found.silent, high=found.most or 1, label=label)
        return found.said

    def in_report(self, views: Views) -> Contribution:
        """A panel for each layer and run."""
        from sparsey_trace.charts.panels.map_panels import by_layer
        from sparsey_trace.charts.panels.panel import Contribution

        found = [(view, layer) for view in views.having(self.table) for layer in view.run.once(told)]
        most = max((layer.most for _, layer in found), default=0) or 1
        panels = [
            (view.layers[layer.layer], view, _panel(view, layer, most, self.words)) for view, layer in found
        ]
        unlabelled = [view for view in views.having(self.table) if not view.run.once(told)]
        return Contribution(
            meaning=[self.words.meaning],
            key=[("cross", "never active")],
            groups=by_layer(views, panels),
            missing=[
                *views.lacking(self.table, "label information"),
                *(
                    f"No label information of {view.name}: no sample has a known label."
                    for view in unlabelled
                ),
            ],
        )


def _panel(view: View, layer: Told, most: float, words: Words) -> Panel:
    from sparsey_trace.charts.panels.map_panels import figure_of_macs
    from sparsey_trace.charts.panels.panel import Panel

    name = view.layers[layer.layer]
    return Panel(
        title=name,
        label=f"{words.title}: layer {name} of {view.name}, {layer.said}.",
        caption=f"{layer.samples:,} labelled {layer.phase} samples; {layer.said}.",
        figure=figure_of_macs(
            view,
            layer.grid,
            layer.beyond,
            layer.silent,
            words=words,
            high=most,
            title="bits beyond chance",
            ticks=".2~f",
            said=[
                f"{bits:.3f} bits by {codes:,} codes, {chance:.3f} of shuffled labels; by activity alone {alone:.3f}"
                for bits, codes, chance, alone in zip(
                    layer.bits, layer.codes, layer.shuffled, layer.activity_bits, strict=True
                )
            ],
        ),
    )
