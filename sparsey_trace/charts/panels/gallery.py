"""Small pictures of MACs for the browser, each where its MAC stands, with the MAC's numbers; as plain values."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from plotly.colors import sample_colorscale

from sparsey_trace.charts.shared.colours import MEASURE
from sparsey_trace.charts.shared.pictures import joined, shrinking
from sparsey_trace.layout import NO_LABEL
from sparsey_trace.support.printable import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sparsey_trace.charts.shared.common_codes import CommonCodes, MeanInputs
    from sparsey_trace.charts.shared.pictures import MacPictures
    from sparsey_trace.charts.shared.views import View

MOST_PIXELS = 3_000_000
"""Of all pictures of a report together, so that its file stays small."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Gallery:
    """One layer's pictures, for the browser.

    Attributes:
        layer: what the layer is called.
        view: its run.
        caption: what is shown.
        low: the value of the darkest colour.
        high: the value of the lightest one.
        content: the pictures and the rest, as JSON can say them.
    """

    layer: str
    view: View
    caption: str
    low: str
    high: str
    content: dict[str, Any]


def shrink_of(found: Sequence[tuple[View, Sequence[MacPictures]]]) -> int:
    """Into one of how many pixels, in height and in width, pixels are joined so that all pictures fit."""
    return shrinking(sum(layer.pictures.size for _, layers in found for layer in layers), MOST_PIXELS)


def colours() -> str:
    """256 colours for values from the lowest to the highest, three bytes each."""
    found = sample_colorscale(MEASURE, np.linspace(0, 1, 256).tolist(), colortype="tuple")
    return encoded(np.round(np.asarray(found) * 255).astype(np.uint8))


def gallery(
    view: View,
    layer: MacPictures,
    numbers: dict[str, list[float | None]],
    *,
    shrink: int,
    codes: dict[str, Any] | None = None,
) -> Gallery:
    """One layer's pictures.

    Args:
        view: the run.
        layer: its pictures.
        numbers: what each shown MAC comes to, by what that is called; see `plain`.
        shrink: see `shrink_of`.
        codes: the commonest codes of its MACs; see `codes_of_macs`.
    """
    pictures, fields = joined(layer.pictures, shrink), joined(layer.fields, shrink) > 0
    low, high = min(0.0, float(pictures.min())), max(float(pictures.max()), 0.0)
    scale = 255 / (high - low) if high > low else 0.0
    return Gallery(
        layer=view.layers[layer.layer],
        view=view,
        caption=_caption(layer),
        low=f"{low:.3g}",
        high=f"{high:.3g}",
        content={
            "macs": layer.macs.tolist(),
            "places": np.round(layer.grid.positions[layer.macs], 5).tolist(),
            "spacing": round(layer.grid.spacing, 5),
            "hexagonal": layer.grid.is_hexagonal,
            "shape": list(pictures.shape[1:]),
            "low": low,
            "high": high,
            "pictures": encoded(np.round((pictures - low) * scale).astype(np.uint8)),
            "fields": encoded(np.packbits(fields.reshape(len(fields), -1), axis=1)),
            "samples": layer.samples.tolist(),
            "numbers": numbers,
            "codes": codes,
        },
    )


def codes_of_macs(macs: NDArray[np.int64], codes: CommonCodes, means: MeanInputs) -> dict[str, Any]:
    """The commonest codes of the shown MACs [m], for the browser; `of` is which of these each is of."""
    high = float(means.pictures.max(initial=0)) or 1.0
    low = float(means.pictures.min(initial=0))
    return {
        "of": np.searchsorted(macs, codes.mac).tolist(),
        "count": codes.count.tolist(),
        "label": [None if label == NO_LABEL else label for label in codes.label.tolist()],
        "purity": plain(codes.purity),
        "samples": means.samples.tolist(),
        "shape": list(means.pictures.shape[1:]),
        "pictures": encoded(np.round((means.pictures - low) * (255 / (high - low))).astype(np.uint8)),
    }


def _caption(layer: MacPictures) -> str:
    total, silent = len(layer.grid.positions), int((layer.samples == 0).sum())
    shown = len(layer.macs)
    whose = count(total, "MAC") if shown == total else f"{shown:,} of {total:,} MACs, evenly chosen"
    alive = f"{silent:,} never active" if silent else "each active at least once"
    said = [f"{whose}, {alive} in training."]
    if not layer.grid.is_recorded:
        said.append("The trace has no positions: MACs stand in rows, left to right.")
    return " ".join(said)


def plain(values: NDArray[np.float64]) -> list[float | None]:
    """Numbers [m] to five digits; None for nan, which JSON doesn't know."""
    return [None if math.isnan(value) else float(f"{value:.5g}") for value in values.tolist()]


def encoded(values: NDArray[np.uint8]) -> str:
    """Bytes of any shape as text."""
    return base64.b64encode(values.tobytes()).decode()
