from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings

from sparsey_trace.charts.catalogue import CHARTS
from sparsey_trace.charts.label_information import told
from sparsey_trace.charts.shared.views import View, Views
from sparsey_trace.layout import NO_LABEL
from tests.charts.looks import RUNS, looked_at, panels, traces
from tests.charts.on_axes import silent
from tests.faults import times

if TYPE_CHECKING:
    import sparsey_trace as st
    from sparsey_trace import Chunk
    from sparsey_trace.charts.shared.run import Run


@given(chunk=RUNS)
@settings(deadline=None, max_examples=times(5, 30))
def test_the_map_is_of_training_where_it_has_labels(chunk: Chunk) -> None:
    with looked_at(chunk, "label_information") as run:
        known = chunk.label != NO_LABEL
        train = bool((known & chunk.is_train).any())
        mine = known & (chunk.is_train == train)
        found = told(run)
        assert len(found) == (len(chunk.layout.layers) if known.any() else 0)
        shares = np.unique(chunk.label[mine], return_counts=True)[1] / mine.sum()
        entropy = -(shares * np.log2(shares)).sum() if known.any() else 0
        for layer, active in zip(found, chunk.active, strict=False):
            assert (layer.phase, layer.samples) == ("train" if train else "eval", mine.sum())
            np.testing.assert_array_equal(layer.silent, ~active[mine].any(axis=0))
            assert np.isnan(layer.entropy) or layer.entropy == pytest.approx(entropy, abs=1e-5)
            assert 0 <= layer.beyond.max() <= layer.most
            assert layer.has_one_label == (len(shares) == 1)
            assert layer.said.startswith(
                "all labels are the same, so nothing can be told"
                if layer.has_one_label
                else "up to "
                if layer.beyond.any()
                else "no MAC tells more than it does of shuffled labels"
            )


def test_macs_are_coloured_by_what_they_tell(result: st.Result, run: Run) -> None:
    found = told(run)
    for ax, layer in zip(result.plot.label_information(), found, strict=True):
        assert silent(ax) == 1
        colours = ax.collections[-1]
        np.testing.assert_array_equal(colours.get_array(), layer.beyond[1:])
        assert colours.get_clim() == (0, max(layer.beyond.max() for layer in found))


def test_its_panels(run: Run) -> None:
    for panel, layer in zip(panels("label_information", run), told(run), strict=True):
        (marks,) = traces(panel, "marks")
        np.testing.assert_array_equal(marks["marker"]["color"], layer.beyond.astype(np.float32))
        assert marks["text"][1].startswith(f"MAC 1: {layer.bits[1]:.3f} bits by {layer.codes[1]} codes, ")
        assert panel.caption == f"64 labelled train samples; {layer.said}."


@given(chunk=RUNS)
@settings(deadline=None, max_examples=1)
def test_a_run_without_labels_has_none(chunk: Chunk) -> None:
    chunk.label[:] = NO_LABEL
    with looked_at(chunk, "label_information") as run:
        views = Views([View(series=0, run=run, layers={})])
        (said,) = CHARTS["label_information"].in_report(views).missing
        assert said == "No label information of run: no sample has a known label."
