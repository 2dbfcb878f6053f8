"""Odd models and short runs are drawn, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import sparsey_trace as st
from sparsey_trace.charts.catalogue import CHARTS
from sparsey_trace.errors import TraceError
from tests.charts.on_axes import labels, silent
from tests.charts.runs import layout, write

if TYPE_CHECKING:
    from pathlib import Path

WITHOUT = (
    "basis_set",
    "code_usage_over_epochs",
    "layer_value",
    "layer_value_distribution",
    "match_accuracy_by_class",
    "match_accuracy_by_distance",
    "match_accuracy_by_value",
    "sisc_curve",
    "worst_matches",
)
"""What is made of codes, which a silent run has none of."""


def test_odd_models_are_drawn(tmp_path: Path) -> None:
    """One layer with a long name, of inputs of one side."""
    model = layout(names=["v" * 1000], input_shape=(12,))
    plot = st.analyze(write(tmp_path / "run.h5", model=model)).plot
    for name in CHARTS:
        for ax in np.ravel(getattr(plot, name)()):
            assert max(map(len, labels(ax)), default=0) <= 40
        ax.get_figure().draw_without_rendering()


def test_a_run_of_one_step_is_a_point(tmp_path: Path) -> None:
    ax = st.analyze(write(tmp_path / "run.h5", steps=1)).plot.basis_set_size()
    lines = ax.get_legend_handles_labels()[0]
    assert all(line.get_marker() not in ("None", None) for line in lines)


def test_a_model_that_never_answers(tmp_path: Path) -> None:
    model = st.Layout(
        num_features=2,
        layers=[st.LayerLayout(name="v1", num_macs=1, num_cms=3, num_neurons=4, connections=[[0]])],
    )
    plot = st.analyze(write(tmp_path / "run.h5", model=model)).plot
    for name in CHARTS:
        if name in WITHOUT:
            with pytest.raises(TraceError, match=f"{name}: expected values to draw"):
                getattr(plot, name)()
        else:
            getattr(plot, name)().get_figure().draw_without_rendering()
    for ax in (plot.num_activations(), plot.basis_average()):
        assert silent(ax) == 1
        assert not [*ax.images, *ax.child_axes]
