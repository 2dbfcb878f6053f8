"""The winners of a step against a naive reading of what a winner is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

import sparsey_trace as st
from sparsey_trace.recording.adapters.codes import Codes, cells_of, codes_of_winners
from sparsey_trace.recording.steps.winners import ACTIVE, BROKEN, SILENT, find_winners

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=["host", "device"], autouse=True, scope="module")
def where(request: pytest.FixtureRequest) -> Iterator[None]:
    """Both ways to work: on arrays, and on tensors as if they were far away."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sparsey_trace.recording.steps.winners.is_on_host", lambda _: request.param == "host")
        yield


SIZES = some.tuples(
    some.integers(1, 9), some.integers(1, 9), some.sampled_from([*range(1, 10), 12, 16, 24, 33, 300])
)
"""M, Q and K of a layer."""


def layout_of(sizes: list[tuple[int, int, int]]) -> st.Layout:
    layers = [
        st.LayerLayout(name=str(number), num_macs=m, num_cms=q, num_neurons=k, connections=[[0]] * m)
        for number, (m, q, k) in enumerate(sizes)
    ]
    return st.Layout(num_features=1, layers=layers)


def naive_states(cells: np.ndarray, active: np.ndarray) -> np.ndarray:
    is_code = ((cells != 0).sum(axis=-1) == 1).all(axis=-1)
    return np.where(active, np.where(is_code, ACTIVE, BROKEN), SILENT)


def check(outputs: list[np.ndarray], actives: list[np.ndarray], *, by_cells: bool) -> None:
    layout = layout_of([output.shape[1:] for output in outputs])
    codes = [
        Codes(cells_of(torch.tensor(output), layer), None if by_cells else torch.tensor(active))
        for output, active, layer in zip(outputs, actives, layout.layers, strict=True)
    ]
    if by_cells:
        actives = [(output != 0).any(axis=(2, 3)) for output in outputs]
    numbers, states = (found.numpy() for found in find_winners([found.copied() for found in codes], layout))
    expected = [naive_states(*given).ravel() for given in zip(outputs, actives, strict=True)]
    np.testing.assert_array_equal(states, np.concatenate(expected))
    winners = np.concatenate([(output != 0).argmax(axis=-1).ravel() for output in outputs])
    cms = np.concatenate([np.repeat(s == ACTIVE, o.shape[2]) for s, o in zip(expected, outputs, strict=True)])
    unsigned = numbers.view(f"u{numbers.itemsize}")
    np.testing.assert_array_equal(unsigned[cms], winners[cms])


@given(
    sizes=some.lists(SIZES, min_size=1, max_size=4),
    size=some.integers(1, 5),
    seed=some.integers(0, 2**32 - 1),
    noise=some.sampled_from([0, 0.02, 0.5]),
    by_cells=some.booleans(),
)
def test_any_layers(
    sizes: list[tuple[int, int, int]], size: int, seed: int, noise: float, *, by_cells: bool
) -> None:
    rng = np.random.default_rng(seed)
    outputs, actives = [], []
    for macs, cms, neurons in sizes:
        winners = rng.integers(neurons, size=(size, macs, cms))
        active = rng.random((size, macs)) < 0.7
        cells = (np.arange(neurons) == winners[..., None]) & active[..., None, None]
        flipped = cells ^ (rng.random(cells.shape) < noise)
        outputs.append(flipped * rng.normal(size=cells.shape))
        actives.append(active)
    check(outputs, actives, by_cells=by_cells)


@pytest.mark.parametrize("neurons", [8, 17, 256, 257, 1 << 14, (1 << 14) + 8, 65_535, 65_536, 1 << 18])
def test_every_number_of_cells_on(neurons: int) -> None:
    on = np.arange(neurons) < np.array([[0], [1], [2], [3], [neurons - 1], [neurons]])
    last = np.arange(neurons) == neurons - 1
    cells = np.concatenate([on, last[None]])[:, None, None].astype(np.float32)
    check([cells], [np.ones((len(cells), 1), np.bool_)], by_cells=False)


def test_what_zero_is() -> None:
    values = torch.tensor([[[[-0.0, 1e-45, 0, 0], [0, 0, 0, float("nan")]]]])
    codes = [Codes(cells_of(values, layout_of([(1, 2, 4)]).layers[0]), None)]
    numbers, states = find_winners([found.copied() for found in codes], layout_of([(1, 2, 4)]))
    assert (numbers.tolist(), states.tolist()) == ([1, 3], [ACTIVE])


def test_winners_and_cells_side_by_side() -> None:
    layout = layout_of([(2, 2, 300), (2, 2, 3), (1, 2, 3)])
    winners = torch.tensor([[[299, 0], [-1, -1]]])
    cells = torch.eye(3)[torch.tensor([[[2, 1], [0, 2]]])]
    codes = [
        codes_of_winners(winners, layout.layers[0]),
        Codes(cells_of(cells, layout.layers[1]), torch.tensor([[True, False]])),
        codes_of_winners(torch.tensor([[[2, -1]]]), layout.layers[2]),
    ]
    numbers, states = find_winners([found.copied() for found in codes], layout)
    assert states.tolist() == [ACTIVE, SILENT, ACTIVE, SILENT, BROKEN]
    kept = numbers.numpy().view(np.uint16)[[0, 1, 4, 5]]
    assert kept.tolist() == [299, 0, 2, 1]


def test_winners_among_very_many() -> None:
    layout = layout_of([(1, 2, 2**31), (1, 1, 7)])
    winners = torch.tensor([[[2**31 - 1, 65_536]], [[0, -1]], [[2**31, 0]]])
    codes = [
        codes_of_winners(winners, layout.layers[0]),
        codes_of_winners(torch.full((3, 1, 1), 6), layout.layers[1]),
    ]
    numbers, states = find_winners(codes, layout)
    assert states.tolist() == [ACTIVE, BROKEN, BROKEN, ACTIVE, ACTIVE, ACTIVE]
    assert numbers.numpy().view(np.uint32)[[0, 1, 6]].tolist() == [2**31 - 1, 65_536, 6]
