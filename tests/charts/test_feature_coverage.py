from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.charts.shared.curves import curves
from tests.charts.looks import panels, traces
from tests.charts.on_axes import SHOWN, check_curves, labels

if TYPE_CHECKING:
    import sparsey_trace as st
    from sparsey_trace.charts.shared.run import Run


def test_its_curves(result: st.Result, run: Run) -> None:
    check_curves(result, run, "feature_coverage", curves(run, "feature_coverage"), whole="train")


def test_evaluations_are_marks_with_their_spread(result: st.Result, run: Run) -> None:
    ax = result.plot.feature_coverage()
    found = [curve for curve in curves(run, "feature_coverage") if curve.phase == "eval"]
    assert labels(ax) == [*SHOWN, "evaluation"]
    for marks, curve in zip(ax.containers, found, strict=True):
        line, _, (bars,) = marks.lines
        assert line.get_linestyle() == "None"
        np.testing.assert_array_equal(line.get_ydata(), curve.mean)
        ends = np.array([segment[:, 1] for segment in bars.get_segments()])
        np.testing.assert_allclose(ends, np.stack([curve.quantile(0.1), curve.quantile(0.9)], axis=1))


def test_its_spread_is_over_the_macs_in_training(run: Run) -> None:
    found = [curve for curve in curves(run, "feature_coverage") if curve.phase == "train"]
    (box,) = traces(panels("feature_coverage", run)[-1], "box")
    np.testing.assert_array_equal(box["x"], np.repeat([0, 1], [len(curve.overall) for curve in found]))
    values = np.concatenate([curve.overall for curve in found])
    np.testing.assert_array_equal(box["y"], values.astype(np.float32))
