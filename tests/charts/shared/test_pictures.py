from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

import sparsey_trace as st
from sparsey_trace import LayerLayout, Layout
from sparsey_trace.charts.basis_average import basis_averages
from sparsey_trace.charts.catalogue import CHARTS
from sparsey_trace.charts.shared.pictures import LARGEST, as_picture, picture_shape
from sparsey_trace.charts.shared.views import View, Views
from sparsey_trace.charts.shared.worst_matches import worst_matches
from tests.charts.looks import run_of
from tests.metrics.by_hand import LAYOUT

if TYPE_CHECKING:
    from pathlib import Path


def test_channels_of_an_image_are_shown_by_their_mean() -> None:
    layer = LayerLayout(name="v1", num_macs=1, num_cms=1, num_neurons=2, connections=[[0]])
    layout = Layout(num_features=12, input_shape=(3, 2, 2), layers=[layer])
    assert picture_shape(layout) == (2, 2)
    assert as_picture(np.arange(12, dtype=np.float32), layout).tolist() == [[4, 5], [6, 7]]


def test_numbers_that_colours_cant_be_reckoned_in_are_shown_as_the_largest(tmp_path: Path) -> None:
    with st.TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        for phase in ("train", "eval"):
            inputs, codes, active = [[1e300, -1e300, 0.5]], [[[[0], [0]]]], [[[True, True]]]
            writer.append(inputs=inputs, codes=codes, active=active, phase=phase)
    names = ("basis_average", "basis_set", "worst_matches")
    with warnings.catch_warnings(action="error"), st.open_trace(tmp_path / "run.h5") as trace:
        result = st.analyze(trace, metrics=["basis_average", "basis_set", "match_accuracy"])
        assert result["basis_average"]["average"][0].as_py() == [np.inf, -np.inf, 0]
        run = run_of(trace, result)
        (layer,), found = basis_averages(run), worst_matches(run)
        views = Views([View(series=0, run=run, layers={0: "v1"})])
        for name in names:
            CHARTS[name].in_report(views)
    assert layer.pictures.max() == np.float32(LARGEST)
    assert found is not None
    assert found.pictures.min() == -np.float32(LARGEST)
