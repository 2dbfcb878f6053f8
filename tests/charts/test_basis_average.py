from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings

import sparsey_trace as st
from sparsey_trace.charts.axes.fields import cut, outline
from sparsey_trace.charts.basis_average import basis_averages
from sparsey_trace.charts.shared import pictures
from sparsey_trace.charts.shared.pictures import picture_shape
from sparsey_trace.layout import TRAIN
from sparsey_trace.metrics.wiring.receptive_fields import receptive_fields
from tests.charts.looks import ANY_RUNS, RUNS, looked_at
from tests.charts.on_axes import silent
from tests.faults import times

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace import Chunk
    from sparsey_trace.charts.shared.run import Run


@given(chunk=ANY_RUNS)
@settings(deadline=None, max_examples=times(5, 30))
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
@settings(deadline=None, max_examples=times(3, 10))
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


def test_pictures_of_many_pixels_are_reduced_as_they_are_read_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_wide(tmp_path / "wide.h5")
    result = st.analyze(path, metrics=["basis_average"], out=tmp_path / "wide.h5.metrics")
    whole = np.array(result["basis_average"]["average"].to_pylist(), np.float32)
    monkeypatch.setattr(pictures, "MOST_PIXELS", 2 * 6 * 6)
    ax = result.plot.basis_average()
    drawn = [image.get_array() for image in ax.images]
    assert max(image.size for image in drawn) <= 36
    assert "1/2 of their height and width" in ax.get_title().replace("\n", " ")
    expected = whole[0].reshape(6, 2, 6, 2).mean(axis=(1, 3))
    assert np.allclose(drawn[0].max(), expected.max())


def write_wide(path: Path) -> Path:
    """Two MACs over 12 x 12 features."""
    everything = np.tile(np.arange(144), (2, 1))
    layer = st.LayerLayout(name="v1", num_macs=2, num_cms=1, num_neurons=2, connections=everything)
    layout = st.Layout(num_features=144, input_shape=(12, 12), layers=(layer,))
    inputs = np.random.default_rng(0).integers(0, 2, (8, 144)).astype(np.uint8)
    with st.TraceWriter(path, layout) as writer:
        writer.append(
            inputs=inputs,
            codes=[np.zeros((8, 2, 1), np.uint8)],
            active=[np.ones((8, 2), np.bool_)],
            phase="train",
            epoch=0,
        )
    return path
