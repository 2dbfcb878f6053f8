from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings

from sparsey_trace.charts.axes.fields import cut, outline
from sparsey_trace.charts.basis_average import basis_averages
from sparsey_trace.charts.shared.pictures import picture_shape
from sparsey_trace.layout import TRAIN
from sparsey_trace.metrics.receptive_fields import receptive_fields
from tests.charts.looks import ANY_RUNS, RUNS, looked_at
from tests.charts.on_axes import silent
from tests.faults import times

if TYPE_CHECKING:
    import sparsey_trace as st
    from sparsey_trace import Chunk
    from sparsey_trace.charts.shared.run import Run


@given(chunk=ANY_RUNS)
@settings(deadline=None, max_examples=times(10, 30))
def test_pictures_are_the_means_inside_the_field(chunk: Chunk) -> None:
    with looked_at(chunk, "basis_average") as run:
        if "basis_average" not in run.tables:
            return
        train = chunk.phase == TRAIN
        fields = [field.masks() for field in receptive_fields(chunk.layout)]
        for found, active, field in zip(basis_averages(run), chunk.active, fields, strict=True):
            height, width = picture_shape(chunk.layout)
            assert found.pictures.shape == found.fields.shape == (len(field), height, width)
            np.testing.assert_array_equal(found.samples, active[train].sum(axis=0))
            for mac in found.macs:
                shown = found.pictures[mac].ravel()[: chunk.layout.num_features]
                shows = active[:, mac] & train
                if len(chunk.layout.input_shape) < 3:
                    mean = (
                        chunk.inputs[shows].astype(np.float64).mean(axis=0) * field[mac] if shows.any() else 0
                    )
                    np.testing.assert_allclose(shown, mean, rtol=1e-5, atol=1e-30)
                    np.testing.assert_array_equal(
                        found.fields[mac].ravel()[: chunk.layout.num_features], field[mac]
                    )


@given(chunk=RUNS)
@settings(deadline=None, max_examples=times(5, 10))
def test_fewer_macs_are_drawn_evenly_and_by_their_numbers(chunk: Chunk) -> None:
    with looked_at(chunk, "basis_average") as run:
        if "basis_average" not in run.tables:
            return
        for some, every in zip(basis_averages(run, most=2), basis_averages(run), strict=True):
            assert some.macs.tolist() == sorted({0, len(every.macs) - 1})
            np.testing.assert_array_equal(some.pictures, every.pictures[some.macs])
            np.testing.assert_array_equal(some.samples, every.samples[some.macs])


def test_averages_are_pictures_in_their_fields(result: st.Result, run: Run) -> None:
    for ax, layer in zip(result.plot.basis_average(), basis_averages(run), strict=True):
        pictures, fields = cut(layer.pictures, layer.fields)
        assert len(ax.images) == len(layer.macs) - 1
        assert silent(ax) == 1
        for image, picture, position in zip(ax.images, pictures[1:], layer.grid.positions[1:], strict=True):
            np.testing.assert_array_equal(image.get_array(), picture)
            left, right, bottom, top = image.get_extent()
            assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx(tuple(position))
            assert max(right - left, bottom - top) <= layer.grid.spacing
        (edges,) = [part for part in ax.collections if not part.get_hatch()]
        assert len(edges.get_segments()) == sum(len(outline(field)) for field in fields[1:])
