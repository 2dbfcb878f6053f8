"""What is shown at the MACs' places: activity and basis averages."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from sparsey_trace import Chunk, LayerLayout, Layout
from sparsey_trace.charts.basis_average import basis_averages
from sparsey_trace.charts.num_activations import mac_activity
from sparsey_trace.charts.shared.grid import grid_of
from sparsey_trace.charts.shared.pictures import picture_shape
from sparsey_trace.layout import TRAIN
from sparsey_trace.metrics.receptive_fields import receptive_fields
from tests.charts.looks import ANY_RUNS, RUNS, looked_at


@given(chunk=ANY_RUNS)
@settings(deadline=None, max_examples=30)
def test_activity_counts_samples_of_both_phases(chunk: Chunk) -> None:
    with looked_at(chunk) as run:
        for found, active in zip(mac_activity(run), chunk.active, strict=True):
            np.testing.assert_allclose(found.share, active.mean(axis=0))
            np.testing.assert_array_equal(found.silent, ~active.any(axis=0))


@given(chunk=ANY_RUNS)
@settings(deadline=None, max_examples=30)
def test_pictures_are_the_means_inside_the_field(chunk: Chunk) -> None:
    with looked_at(chunk) as run:
        if "basis_average" not in run.tables:
            return
        train = chunk.phase == TRAIN
        fields = receptive_fields(chunk.layout)
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
@settings(deadline=None, max_examples=10)
def test_fewer_macs_are_drawn_evenly_and_by_their_numbers(chunk: Chunk) -> None:
    with looked_at(chunk) as run:
        if "basis_average" not in run.tables:
            return
        for some, every in zip(basis_averages(run, most=2), basis_averages(run), strict=True):
            assert some.macs.tolist() == sorted({0, len(every.macs) - 1})
            np.testing.assert_array_equal(some.pictures, every.pictures[some.macs])
            np.testing.assert_array_equal(some.samples, every.samples[some.macs])


def layer(positions: object, num_macs: int) -> LayerLayout:
    return LayerLayout(
        name="v1",
        num_macs=num_macs,
        num_cms=1,
        num_neurons=2,
        connections=[[0]] * num_macs,
        positions=positions,
    )


def test_channels_of_an_image_are_shown_by_their_mean() -> None:
    layout = Layout(num_features=12, input_shape=(3, 2, 2), layers=[layer(None, 1)])
    assert picture_shape(layout) == (2, 2)


def test_a_hexagonal_grid_is_told_from_a_square_one() -> None:
    height = 3**0.5 / 2
    hexagonal = grid_of(layer([[0, 0], [1, 0], [0.5, height], [1.5, height]], 4))
    assert hexagonal.is_hexagonal
    assert hexagonal.spacing == pytest.approx(1)
    square = grid_of(layer([[0, 0], [0.5, 0], [0, 0.5], [0.5, 0.5]], 4))
    assert (square.is_hexagonal, square.spacing) == (False, 0.5)


def test_macs_without_positions_stand_in_rows() -> None:
    grid = grid_of(layer(None, 5))
    assert grid.positions.tolist() == [[0, 0], [1, 0], [2, 0], [0, 1], [1, 1]]
    assert (grid.is_recorded, grid.is_hexagonal, grid.spacing) == (False, False, 1)


def test_one_mac_has_a_grid_too() -> None:
    assert grid_of(layer([[0.5, 0.5]], 1)).spacing == 1
    assert grid_of(layer([[0.5, 0.5]] * 2, 2)).spacing == 1
