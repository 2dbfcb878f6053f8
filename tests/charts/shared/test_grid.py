from __future__ import annotations

import pytest

from sparsey_trace import LayerLayout
from sparsey_trace.charts.shared.grid import grid_of


def layer(positions: object, num_macs: int) -> LayerLayout:
    return LayerLayout(
        name="v1",
        num_macs=num_macs,
        num_cms=1,
        num_neurons=2,
        connections=[[0]] * num_macs,
        positions=positions,
    )


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
