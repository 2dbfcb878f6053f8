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
    """That both libraries draw these curves: those of the phase `whole` by layer, of training as lines."""
    ax = getattr(result.plot, name)()
    handles, named = ax.get_legend_handles_labels()
    assert named[:2] == SHOWN
    shown = [curve for curve in found if curve.phase == whole]
    assert len(shown) == 2
    for handle, curve, color in zip(handles, shown, PALETTE, strict=False):
        line = handle if whole == "train" else handle.lines[0]
        assert (line.get_linestyle() == "None") == (whole == "eval")
        np.testing.assert_array_equal(line.get_xdata(), curve.seen)
        np.testing.assert_array_equal(line.get_ydata(), curve.mean)
        assert to_rgba(line.get_color()) == to_rgba(color)
    # Bands of two layers would lie over each other.
    assert not [part for part in ax.collections if isinstance(part, PolyCollection)]
    if whole == "train":
        _check_band(getattr(result.plot, name)(layer=0), shown[0])
        assert len({str(handle.get_linestyle()) for handle in handles[:2]}) == 2
    drawn = panels(name, run)[: len({curve.layer for curve in found})]
    means = [mean for panel in drawn for role in ("line", "eval") for mean in traces(panel, role)]
    in_order = sorted(found, key=lambda curve: (curve.layer, curve.phase != "train"))
    for mean, curve in zip(means, in_order, strict=True):
        assert ("lines" in mean["mode"]) == (curve.phase == "train")
        np.testing.assert_array_equal(mean["x"], curve.seen)
        np.testing.assert_array_equal(mean["y"], curve.mean.astype(np.float32))
        np.testing.assert_array_equal(mean["customdata"], curve.step)
    for panel, layer in zip(drawn, run.layout.layers, strict=True):
        assert panel.label.startswith(f"{CHARTS[name].words.title} in layer {layer.name}. run, ")


def _check_band(ax: Axes, curve: Curve) -> None:
    (band,) = [part for part in ax.collections if isinstance(part, PolyCollection)]
    edges = band.get_paths()[0].vertices[:, 1]
    low, high = curve.quantile(0.1), curve.quantile(0.9)
    assert (edges.min(), edges.max()) == pytest.approx((np.nanmin(low), np.nanmax(high)))
