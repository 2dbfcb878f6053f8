"""What each MAC has come to stand for: its basis average as a picture, where the MAC stands."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.charts.base import LayerChart
from sparsey_trace.charts.num_activations import mac_activity
from sparsey_trace.charts.shared.colours import MEASURE
from sparsey_trace.charts.shared.common_codes import common_codes, mean_inputs
from sparsey_trace.charts.shared.curves import curves
from sparsey_trace.charts.shared.grid import grid_of
from sparsey_trace.charts.shared.pictures import MacPictures, as_picture, joined, picture_shape, shrinking
from sparsey_trace.charts.shared.points import evenly
from sparsey_trace.charts.shared.words import Heading, Words
from sparsey_trace.metrics.wiring.receptive_fields import receptive_fields
from sparsey_trace.tables.row_groups import batches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sparsey_trace.charts.panels.panel import Contribution
    from sparsey_trace.charts.shared.run import Run
    from sparsey_trace.charts.shared.views import View, Views
    from sparsey_trace.layout import Layout

MOST_MACS = 1024
"""Of one layer; more pictures can't be told apart, and wouldn't fit in memory with large inputs."""

MOST_CODE_PIXELS = 1_000_000
"""Of the mean inputs of codes in a report, so that its file stays small."""

_SHARE = 0.92
"""Of the spacing of MACs that a picture takes."""

_NUMBERS = (
    ("basis_set_size", "train", "basis set size (codes)"),
    ("feature_coverage", "train", "feature coverage, training"),
    ("feature_coverage", "eval", "feature coverage, evaluation"),
    ("match_accuracy", "eval", "match accuracy"),
    ("sisc_adherence", "train", "SISC adherence, training"),
    ("sisc_adherence", "eval", "SISC adherence, evaluation"),
)
"""What a MAC comes to over the run: a table, a phase and how it is called."""


def basis_averages(run: Run, *, most: int = MOST_MACS) -> list[MacPictures]:
    """Each layer's pictures.

    Args:
        run: the run.
        most: how many MACs of a layer are shown at most.

    Raises:
        KeyError: there are no basis averages; the message says why.
    """
    shown = [evenly(layer.num_macs, most) for layer in run.layout.layers]
    shrink = shrinking(sum(map(len, shown)) * math.prod(picture_shape(run.layout)))
    pictures, samples = _averages(run, shown, shrink)
    fields = receptive_fields(run.layout)
    return [
        MacPictures(
            layer=number,
            name=layer.name,
            grid=grid_of(layer),
            macs=shown[number],
            pictures=pictures[number],
            fields=np.stack(
                [_small(fields[number].masks([mac])[0], run.layout, shrink) > 0 for mac in shown[number]]
            ),
            samples=samples[number],
            shrink=shrink,
        )
        for number, layer in enumerate(run.layout.layers)
    ]


def _averages(
    run: Run, shown: Sequence[NDArray[np.int64]], shrink: int
) -> tuple[list[NDArray[np.float32]], list[NDArray[np.int64]]]:
    """For each layer, pictures [m, H, W] of the shown MACs [m] and samples [m] that they are means of."""
    shape = [math.ceil(side / shrink) for side in picture_shape(run.layout)]
    pictures = [np.zeros((len(macs), *shape), np.float32) for macs in shown]
    samples = [np.zeros(len(macs), np.int64) for macs in shown]
    path, names = run.tables.path("basis_average"), ["layer", "mac", "samples", "average"]
    for batch in batches(path, names, values=run.layout.num_features):
        flat = batch.column("average").flatten().to_numpy().reshape(-1, run.layout.num_features)
        columns = (batch.column(name).to_numpy() for name in ("layer", "mac", "samples"))
        for layer, mac, count, values in zip(*columns, flat, strict=True):
            index = np.searchsorted(shown[layer], mac)
            if index < len(shown[layer]) and shown[layer][index] == mac:
                pictures[layer][index] = _small(values, run.layout, shrink)
                samples[layer][index] = count
    return pictures, samples


def _small(
    values: NDArray[np.float32] | NDArray[np.bool_], layout: Layout, shrink: int
) -> NDArray[np.float32]:
    """[H / shrink, W / shrink] float32 of [D] values."""
    return np.asarray(joined(as_picture(values, layout)[None], shrink)[0])


class BasisAverageChart(LayerChart[MacPictures]):
    """Each MAC's basis average inside its receptive field."""

    name = "basis_average"
    table = "basis_average"
    needs_steps = False
    words = Words(
        title="Basis averages",
        x="x position",
        y="y position",
        meaning="The mean training input while a MAC was active, inside its projected receptive field: what it has "
        "come to stand for.",
        example="Grids of small pictures of strokes and digits, yellow on dark blue, each in an outline",
    )
    heading = Heading("averages", words.title)

    def fits(self, made: Mapping[str, Any]) -> bool:
        """At any resolution: there is one average for the whole run."""
        return super().fits(made) and not made.get("parameters", {}).get("sparse")

    def data(self, run: Run) -> list[MacPictures]:
        """Each layer's pictures."""
        return basis_averages(run)

    def draw(self, ax: Axes, found: MacPictures) -> str:
        """Pictures where their MACs stand, with outlines of receptive fields; MACs without one crossed."""
        from matplotlib.collections import LineCollection

        from sparsey_trace.charts.axes.cells import cells_of, cross, fit
        from sparsey_trace.charts.axes.fields import cut, outline
        from sparsey_trace.charts.axes.style import scale

        pictures, fields = cut(found.pictures, found.fields)
        height, width = pictures.shape[1:]
        step = _SHARE * found.grid.spacing / max(height, width)
        corners = found.grid.positions[found.macs] - step * np.array([width, height]) / 2
        known = found.samples > 0
        low, high = _range(pictures[known])
        for (left, top), picture in zip(corners[known], pictures[known], strict=True):
            extent = (left, left + step * width, top + step * height, top)
            drawn = ax.imshow(picture, cmap=MEASURE, vmin=low, vmax=high, extent=extent, interpolation="none")
        if known.any():
            scale(ax, drawn, "mean input")
        edges = [
            edge
            for corner, field in zip(corners[known], fields[known], strict=True)
            for edge in corner + step * outline(field)
        ]
        ax.add_collection(LineCollection(edges, colors="0.2", lw=0.5))
        cells = cells_of(found.grid)
        cross(ax, cells[found.macs[~known]])
        fit(ax, found.grid, cells)
        small = [f"1/{found.shrink} of their height and width"] if found.shrink > 1 else []
        return "; ".join(said for said in [_said(found, known), *small] if said)

    def in_report(self, views: Views) -> Contribution:
        """Pictures that open when clicked, with the MAC's numbers."""
        from sparsey_trace.charts.panels.gallery import gallery, shrink_of
        from sparsey_trace.charts.panels.panel import Contribution, Group

        found = [(view, basis_averages(view.run)) for view in views.having(self.name)]
        shrink = shrink_of(found)
        codes = _codes(found)
        made = []
        for (view, layers), of_run in zip(found, codes, strict=True):
            numbers = _numbers(view, layers)
            made += [
                gallery(view, layer, numbers[layer.layer], shrink=shrink, codes=of_run[layer.layer])
                for layer in layers
            ]
        shares = sorted({shrink * layer.shrink for _, layers in found for layer in layers})
        said = f"Pictures are shown at {' or '.join(f'1/{share}' for share in shares)} of their height and width."
        return Contribution(
            meaning=[
                self.words.meaning,
                "Small pictures show the part of the input around the receptive field. A click on a MAC, or Enter, "
                "shows all of it, with the MAC's numbers and its commonest codes; arrow keys go from one to the next.",
            ],
            key=[("outline", "receptive field"), ("cross", "never active in training")],
            groups=[
                Group(title=layer, maps=[found for found in made if found.layer == layer])
                for layer in dict.fromkeys(found.layer for found in made)
            ],
            missing=views.lacking(self.name, "basis averages"),
            thinned=[said] if shares and shares[-1] > 1 else [],
        )


def _codes(found: Sequence[tuple[View, Sequence[MacPictures]]]) -> list[list[dict[str, Any] | None]]:
    """For each run and layer, the commonest codes of the shown MACs; None where there is no table of codes."""
    from sparsey_trace.charts.panels.gallery import codes_of_macs

    rows = [
        common_codes(view.run, [layer.macs for layer in layers]) if view.has("basis_set") else []
        for view, layers in found
    ]
    pixels = sum(
        len(codes) * math.prod(picture_shape(view.run.layout))
        for (view, _), of_run in zip(found, rows, strict=True)
        for codes in of_run
    )
    made: list[list[dict[str, Any] | None]] = []
    for (view, layers), of_run in zip(found, rows, strict=True):
        means = mean_inputs(view.run, of_run, shrink=shrinking(pixels, MOST_CODE_PIXELS)) if of_run else []
        parts = zip(layers, of_run, means, strict=False)
        made.append(
            [codes_of_macs(layer.macs, codes, its) for layer, codes, its in parts] or [None] * len(layers)
        )
    return made


def _range(pictures: NDArray[np.float32]) -> tuple[float, float]:
    """From 0, which stands for "outside the field", or below it, to the highest value of [m, H, W]."""
    return float(pictures.min(initial=0)), float(pictures.max(initial=0)) or 1.0


def _said(found: MacPictures, known: NDArray[np.bool_]) -> str:
    """What isn't shown: MACs that were not drawn, and those [m] that have no average."""
    drawn = (
        []
        if len(known) == len(found.grid.positions)
        else [f"{len(known):,} of {len(found.grid.positions):,} MACs"]
    )
    crossed = [] if known.all() else [f"{(~known).sum():,} never active in training (crossed)"]
    return "; ".join([*drawn, *crossed])


def _numbers(view: View, layers: Sequence[MacPictures]) -> list[dict[str, list[float | None]]]:
    """By layer, what its shown MACs come to over the run, by what that is called."""
    from sparsey_trace.charts.panels.gallery import plain

    found: list[dict[str, list[float | None]]] = [{} for _ in layers]
    if view.has("num_activations"):
        for layer in view.run.once(mac_activity):
            found[layer.layer]["active for (share of all samples)"] = plain(
                layer.share[layers[layer.layer].macs]
            )
    known: dict[str, Any] = {
        table: curves(view.run, table, most=2) for table, _, _ in _NUMBERS if view.has(table)
    }
    for table, phase, name in _NUMBERS:
        for curve in known.get(table, ()):
            if curve.phase == phase:
                found[curve.layer][name] = plain(curve.overall[layers[curve.layer].macs])
    return found
