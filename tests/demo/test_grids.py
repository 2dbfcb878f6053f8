from __future__ import annotations

import pytest
import torch

from sparsey_trace.demo.grids import ROW_HEIGHT, hexagonal, make_grid, rectangular, sources_within


def fields(positions: torch.Tensor, sources: torch.Tensor, radius: float) -> list[list[int]]:
    padded = sources_within(positions, sources, radius=radius)
    return [[source for source in row if source != len(sources)] for row in padded.tolist()]


def test_rectangular_grid_runs_along_the_rows_as_a_flattened_image_does() -> None:
    expected = [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]]
    assert rectangular(2, 2).tolist() == expected


def test_hexagonal_grid_shifts_every_other_row_by_half_a_distance() -> None:
    grid = hexagonal(3, 4).reshape(3, 4, 2)
    distance = grid[0, 1, 0] - grid[0, 0, 0]
    torch.testing.assert_close(grid[1, :, 0] - grid[0, :, 0], (distance / 2).expand(4))
    torch.testing.assert_close(grid[2, :, 0], grid[0, :, 0])
    torch.testing.assert_close(grid[1, :, 1] - grid[0, :, 1], (distance * ROW_HEIGHT).expand(4))


def test_a_hexagonal_position_inside_has_six_nearest_neighbours() -> None:
    grid = hexagonal(5, 5)
    distances = (grid - grid[12]).norm(dim=1).sort().values
    torch.testing.assert_close(distances[1:7], distances[1].expand(6))
    assert distances[7] > 1.5 * distances[1]


@pytest.mark.parametrize("kind", ["rectangular", "hexagonal"])
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 5), (5, 1), (2, 2), (7, 3)])
def test_grids_stay_on_the_unit_square_centred_and_distinct(kind: str, rows: int, columns: int) -> None:
    grid = make_grid(kind, rows=rows, columns=columns)
    assert grid.shape == (rows * columns, 2)
    assert grid.dtype == torch.float32
    assert grid.min() >= 0
    assert grid.max() <= 1
    assert len(torch.unique(grid, dim=0)) == rows * columns
    torch.testing.assert_close((grid.amin(dim=0) + grid.amax(dim=0)) / 2, torch.tensor([0.5, 0.5]))


def test_fields_hold_what_is_within_the_radius_edge_included() -> None:
    pixels = rectangular(4, 4)
    mac = pixels[5:6]
    assert fields(mac, pixels, radius=0.25) == [[1, 4, 5, 6, 9]]
    assert fields(mac, pixels, radius=0.36) == [[0, 1, 2, 4, 5, 6, 8, 9, 10]]


def test_rounding_takes_nothing_from_a_field() -> None:
    pixels = rectangular(10, 10)
    inside = [mac for mac in range(100) if 0 < mac % 10 < 9 and 0 < mac // 10 < 9]
    crosses = [[mac - 10, mac - 1, mac, mac + 1, mac + 10] for mac in inside]
    assert fields(pixels[inside], pixels, radius=0.1) == crosses


def test_fields_do_not_wrap_around_the_edges() -> None:
    pixels = rectangular(4, 4)
    assert fields(pixels[:1], pixels, radius=0.25) == [[0, 1, 4]]


def test_a_mac_with_nothing_in_reach_listens_to_the_nearest_source() -> None:
    pixels = rectangular(4, 4)
    assert fields(torch.tensor([[0.3, 0.1]]), pixels, radius=0.01) == [[1]]


def test_smaller_fields_are_padded_with_the_number_of_sources() -> None:
    pixels = rectangular(1, 3)
    padded = sources_within(pixels, pixels, radius=0.4)
    assert padded.tolist() == [[0, 1, 3], [0, 1, 2], [1, 2, 3]]
    assert padded.dtype == torch.int64
