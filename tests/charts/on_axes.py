"""What is on axes of matplotlib, and what has to be there for curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba

from sparsey_trace.charts.catalogue import CHARTS
from sparsey_trace.charts.shared.colours import PALETTE
from tests.charts.looks import panels, traces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    import sparsey_trace as st
    from sparsey_trace.charts.shared.curves import Curve
    from sparsey_trace.charts.shared.run import Run

SHOWN = [r" _a\$\frac{", r"<b>\$x\$ & c"]
"""The names of the layers of `runs.write`, as matplotlib is told them."""


def labels(ax: Axes) -> list[str]:
    return ax.get_legend_handles_labels()[1]


def lines(ax: Axes) -> list[Any]:
    return [line for line in ax.get_lines() if not line.get_label().startswith("_child")]


def silent(ax: Axes) -> int:
    """How many MACs are crossed."""
    return sum(len(part.get_paths()) for part in ax.collections if part.get_hatch())


def check_curves(result: st.Result, run: Run, name: str, found: Sequence[Curve], *, whole: str) -> None:
    """That both libraries draw these curves, those of the phase `whole` as means in bands."""
    ax = getattr(result.plot, name)()
    assert labels(ax)[:2] == SHOWN
    bands = [band for band in ax.collections if isinstance(band, PolyCollection)]
    shown = [curve for curve in found if curve.phase == whole]
    assert len(bands) == len(shown) == 2
    for line, band, curve, color in zip(lines(ax), bands, shown, PALETTE, strict=False):
        np.testing.assert_array_equal(line.get_xdata(), curve.seen)
        np.testing.assert_array_equal(line.get_ydata(), curve.mean)
        assert to_rgba(line.get_color()) == to_rgba(color)
        edges = band.get_paths()[0].vertices[:, 1]
        low, high = curve.quantile(0.1), curve.quantile(0.9)
        assert (edges.min(), edges.max()) == pytest.approx((np.nanmin(low), np.nanmax(high)))
    assert len({str(line.get_linestyle()) for line in lines(ax)[:2]}) == 2
    drawn = panels(name, run)[: len({curve.layer for curve in found})]
    means = [mean for panel in drawn for mean in traces(panel, "line")]
    for mean, curve in zip(means, sorted(found, key=lambda curve: curve.layer), strict=True):
        np.testing.assert_array_equal(mean["x"], curve.seen)
        np.testing.assert_array_equal(mean["y"], curve.mean.astype(np.float32))
        np.testing.assert_array_equal(mean["customdata"], curve.step)
    for panel, layer in zip(drawn, run.layout.layers, strict=True):
        assert panel.label.startswith(f"{CHARTS[name].words.title} in layer {layer.name}. run, ")
