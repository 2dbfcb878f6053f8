"""Basis averages for the browser: every MAC's picture, its place and its numbers, as plain values."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from plotly.colors import sample_colorscale

from sparsey_trace.pictures.curves import curves
from sparsey_trace.pictures.words import MEASURE
from sparsey_trace.support.printable import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sparsey_trace.pictures.activity import Activity
    from sparsey_trace.pictures.averages import Averages
    from sparsey_trace.reporting.views import View

MOST_PIXELS = 3_000_000
"""Of all pictures of a report together, so that its file stays small."""

_NUMBERS = (
    ("basis_set_size", "train", "basis set size (codes)"),
    ("feature_coverage", "train", "feature coverage, training"),
    ("feature_coverage", "eval", "feature coverage, evaluation"),
    ("match_accuracy", "eval", "match accuracy"),
    ("sisc_adherence", "train", "SISC adherence, training"),
    ("sisc_adherence", "eval", "SISC adherence, evaluation"),
)
"""What a MAC comes to over the run: a table, a phase and how it is called."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Gallery:
    """One layer's pictures, for the browser.

    Attributes:
        layer: what the layer is called.
        view: its run.
        caption: what is shown.
        content: the pictures and the rest, as JSON can say them.
    """

    layer: str
    view: View
    caption: str
    content: dict[str, Any]


def shrinking(found: Sequence[tuple[View, Sequence[Averages]]]) -> int:
    """Into one of how many pixels, in height and in width, pixels are joined so that all pictures fit."""
    pixels = sum(layer.pictures.size for _, layers in found for layer in layers)
    return max(1, math.ceil(math.sqrt(pixels / MOST_PIXELS)))


def colours() -> str:
    """256 colours for values from the lowest to the highest, three bytes each."""
    found = sample_colorscale(MEASURE, np.linspace(0, 1, 256).tolist(), colortype="tuple")
    return _encoded(np.round(np.asarray(found) * 255).astype(np.uint8))


def galleries(
    view: View, layers: Sequence[Averages], activity: Sequence[Activity] | None, *, shrink: int
) -> list[Gallery]:
    """A run's pictures, layer by layer."""
    numbers = _numbers(view, layers, activity)
    return [_gallery(view, layer, numbers[layer.layer], shrink) for layer in layers]


def _gallery(view: View, layer: Averages, numbers: dict[str, list[float | None]], shrink: int) -> Gallery:
    pictures, fields = _joined(layer.pictures, shrink), _joined(layer.fields, shrink) > 0
    low, high = min(0.0, float(pictures.min())), max(float(pictures.max()), 0.0)
    scale = 255 / (high - low) if high > low else 0.0
    return Gallery(
        layer=view.layers[layer.layer],
        view=view,
        caption=f"{_caption(layer)} Colours go from {low:.3g} to {high:.3g}, the mean of an input's feature.",
        content={
            "macs": layer.macs.tolist(),
            "places": np.round(layer.grid.places[layer.macs], 5).tolist(),
            "spacing": round(layer.grid.spacing, 5),
            "hexagonal": layer.grid.is_hexagonal,
            "shape": list(pictures.shape[1:]),
            "low": low,
            "high": high,
            "pictures": _encoded(np.round((pictures - low) * scale).astype(np.uint8)),
            "fields": _encoded(np.packbits(fields.reshape(len(fields), -1), axis=1)),
            "samples": layer.samples.tolist(),
            "numbers": numbers,
        },
    )


def _caption(layer: Averages) -> str:
    total, silent = len(layer.grid.places), int((layer.samples == 0).sum())
    said = [f"{count(total, 'MAC')}, {silent or 'none'} of them never active in training."]
    if len(layer.macs) < total:
        said = [
            f"{len(layer.macs):,} of {total:,} MACs, evenly chosen, {silent or 'none'} of them never active."
        ]
    if not layer.grid.is_recorded:
        said.append("The trace has no positions: MACs stand in rows, left to right.")
    return " ".join(said)


def _joined(pictures: NDArray[Any], shrink: int) -> NDArray[np.float32]:
    """[m, H, W] float32, each of shrink * shrink pixels' mean; what is missing at the edges isn't counted."""
    if shrink == 1:
        return pictures.astype(np.float32)
    rows, columns = (np.arange(0, side, shrink) for side in pictures.shape[1:])
    sums = np.add.reduceat(np.add.reduceat(pictures.astype(np.float32), rows, axis=1), columns, axis=2)
    height = np.diff(rows, append=pictures.shape[1])
    width = np.diff(columns, append=pictures.shape[2])
    return np.asarray(sums / (height[:, None] * width), np.float32)


def _numbers(
    view: View, layers: Sequence[Averages], activity: Sequence[Activity] | None
) -> list[dict[str, list[float | None]]]:
    """By layer, what its shown MACs come to, by what it is called."""
    found: list[dict[str, list[float | None]]] = [{} for _ in layers]
    for layer in activity or ():
        found[layer.layer]["active for (share of all samples)"] = _plain(
            layer.share[layers[layer.layer].macs]
        )
    known: dict[str, Any] = {
        table: curves(view.run, table, most=2) for table, _, _ in _NUMBERS if view.has(table)
    }
    for table, phase, name in _NUMBERS:
        for curve in known.get(table, ()):
            if curve.phase == phase:
                found[curve.layer][name] = _plain(curve.overall[layers[curve.layer].macs])
    return found


def _plain(values: NDArray[np.float64]) -> list[float | None]:
    """Numbers to five digits; None for nan, which JSON doesn't know."""
    return [None if math.isnan(value) else float(f"{value:.5g}") for value in values.tolist()]


def _encoded(values: NDArray[np.uint8]) -> str:
    return base64.b64encode(values.tobytes()).decode()
