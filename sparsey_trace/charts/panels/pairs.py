"""Samples beside their nearest training samples for the browser, with which CMs differ; as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from plotly.colors import sample_colorscale

from sparsey_trace.charts.panels.figure import in_words
from sparsey_trace.charts.panels.gallery import encoded
from sparsey_trace.charts.shared.colours import MEASURE
from sparsey_trace.layout import NO_LABEL
from sparsey_trace.support.printable import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.charts.shared.views import View
    from sparsey_trace.charts.shared.worst_matches import AgreeingCms, WorstMatches

MOST_MACS = 400
"""Of a layer that has a map; smaller dots can't be told apart."""


@dataclass(frozen=True, kw_only=True)
class Map:
    """A layer's MACs, coloured by the share of their CMs that agree.

    Attributes:
        box: left, top, width and height.
        radius: of a MAC.
        macs: of each x, y and colour; none where it is silent for both samples.
    """

    box: tuple[float, float, float, float]
    radius: float
    macs: Sequence[tuple[float, float, str]]


@dataclass(frozen=True, kw_only=True)
class LayerOfPair:
    """What a layer makes of a pair: its name, how many CMs differ in words, and a map of not too many MACs."""

    name: str
    said: str
    map: Map | None


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One sample, and its nearest training sample.

    Attributes:
        sample: its number and label, a line each.
        nearest: the other's.
        said: how far apart they are, and how far codes agree.
        layers: what differs in each.
    """

    sample: str
    nearest: str
    said: str
    layers: Sequence[LayerOfPair]


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """One run's pairs, worst first.

    Attributes:
        view: the run.
        found: the pairs.
        content: the pictures, all samples' first, as JSON can say them.
        thinned: sentences on what was left out or joined.
    """

    view: View
    found: Sequence[Pair]
    content: dict[str, Any]
    thinned: Sequence[str] = field(default=())


def pairs(view: View, worst: WorstMatches) -> Pairs:
    """Those of a run."""
    pictures = np.concatenate([worst.pictures, worst.nearest_pictures])
    low, high = min(0.0, float(pictures.min())), float(pictures.max())
    scale = 255 / (high - low) if high > low else 0.0
    return Pairs(
        view=view,
        found=[_pair(view, worst, at) for at in range(len(worst.sample))],
        content={
            "shape": list(pictures.shape[1:]),
            "pictures": encoded(np.round((pictures - low) * scale).astype(np.uint8)),
        },
        thinned=_thinned(worst),
    )


def _thinned(worst: WorstMatches) -> list[str]:
    said = []
    if worst.shrink > 1:
        said.append(
            f"Inputs of samples that match worst are shown at 1/{worst.shrink} of their height and width."
        )
    if any(cms.agreeing.shape[1] > MOST_MACS for cms in worst.layers):
        said.append(f"Layers of more than {MOST_MACS} MACs have no map beside samples that match worst.")
    return said


def _pair(view: View, worst: WorstMatches, at: int) -> Pair:
    distance = float(worst.distance[at])
    measured = f"distance {in_words(distance)} (1 - Jaccard similarity)"
    if worst.measure == "hamming":
        measured = f"{count(round(distance), 'feature')} apart"
    return Pair(
        sample=f"Sample {worst.sample[at]}\n{_label(int(worst.label[at]))}",
        nearest=f"Nearest {worst.nearest[at]}\n{_label(int(worst.nearest_label[at]))}",
        said=f"{worst.value[at]:.1%} of winners agree; inputs {measured}.",
        layers=[
            LayerOfPair(name=view.layers[cms.layer], said=differing(cms, at), map=_map(cms, at))
            for cms in worst.layers
        ],
    )


def _label(label: int) -> str:
    return "no label" if label == NO_LABEL else f"label {label}"


def differing(cms: AgreeingCms, at: int) -> str:
    """How many of a layer's MACs and CMs differ for a pair, in words."""
    if not cms.macs[at]:
        return "no MAC active"
    return (
        f"{cms.macs_that_differ[at]:,} of {count(int(cms.macs[at]), 'MAC')}, "
        f"{cms.cms_that_differ[at]:,} of {count(int(cms.cms[at]), 'CM')} differ"
    )


def _map(cms: AgreeingCms, at: int) -> Map | None:
    if cms.agreeing.shape[1] > MOST_MACS:
        return None
    colours = sample_colorscale(MEASURE, np.linspace(0, 1, 256).tolist())
    shares = np.round(255 * cms.agreeing[at] / cms.num_cms).astype(np.int64)
    half = cms.grid.spacing / 2
    places = cms.grid.positions
    corner = places.min(axis=0) - half
    left, top, width, height = np.round([*corner, *(places.max(axis=0) + half - corner)], 3).tolist()
    return Map(
        box=(left, top, width, height),
        radius=round(0.92 * half, 3),
        macs=[
            (round(x, 3), round(y, 3), colours[share].replace(" ", "") if active else "none")
            for (x, y), share, active in zip(
                places.tolist(), shares.tolist(), cms.active[at].tolist(), strict=True
            )
        ],
    )
