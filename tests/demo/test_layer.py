from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

from sparsey_trace.demo.grids import rectangular
from sparsey_trace.demo.layer import LayerConfig, SparseyLayer
from sparsey_trace.demo.selection import WinSigmoid
from sparsey_trace.demo.synapses import LearningRule

CONFIG = LayerConfig(
    grid="rectangular",
    rows=2,
    columns=2,
    radius=0.2,
    num_cms=3,
    num_neurons=4,
    lowest_share=0.5,
    highest_share=0.75,
    sigmoid=WinSigmoid(floor=0.1, exponent=1.0, height=1e4, steepness=30.0, midpoint=0.9),
    learning=LearningRule(decay=0.01, permanence_gain=0.1, saturation=0.9),
)
ONE_MAC = replace(CONFIG, rows=1, columns=1, radius=1.0, lowest_share=0.0, highest_share=1.0)


def over_pixels(config: LayerConfig = CONFIG, *, side: int = 4, seed: int = 0) -> SparseyLayer:
    return SparseyLayer(config, sources=rectangular(side, side), cells_per_source=1, seed=seed)


def with_corner(*values: int) -> torch.Tensor:
    """A 4x4 image whose upper left quarter, the field of the first MAC, is the values."""
    image = torch.zeros(1, 4, 4)
    image[0, :2, :2] = torch.tensor(values).reshape(2, 2)
    return image.flatten(1)


def random_images(count: int, features: int = 16) -> torch.Tensor:
    return (torch.rand(count, features, generator=torch.Generator().manual_seed(7)) > 0.4).float()


def winners(codes: torch.Tensor) -> torch.Tensor:
    return codes.unflatten(-1, (3, 4)).argmax(dim=-1)


@pytest.mark.parametrize(
    ("corner", "num_active"),
    [((0, 0, 0, 0), 0), ((1, 0, 0, 0), 0), ((1, 0, 0, 1), 1), ((1, 1, 0, 1), 1), ((1, 1, 1, 1), 0)],
)
def test_a_mac_is_active_between_its_thresholds_and_else_all_zero(
    corner: tuple[int, ...], num_active: int
) -> None:
    layer = over_pixels()
    codes = layer(with_corner(*corner))
    assert layer.is_active.tolist() == [[num_active == 1, False, False, False]]
    assert codes[0].sum(dim=-1).tolist() == [3 * num_active, 0, 0, 0]


def test_thresholds_are_shares_of_the_field_that_exists() -> None:
    config = replace(CONFIG, rows=1, columns=3, radius=0.34, lowest_share=1.0, highest_share=1.0)
    layer = over_pixels(config, side=3)
    assert layer.field_sizes.tolist() == [4, 5, 4]
    left_and_middle = torch.tensor([[1.0, 0, 0, 1, 1, 0, 1, 0, 0]])
    layer(left_and_middle)
    assert layer.is_active.tolist() == [[True, False, False]]


def test_above_layer_0_the_share_is_of_active_macs() -> None:
    config = replace(ONE_MAC, lowest_share=0.5)
    layer = SparseyLayer(config, sources=rectangular(2, 2), cells_per_source=12, seed=0)
    below = torch.zeros(2, 4, 12)
    below[0, 0, :8] = 1
    below[1, :2, 0] = 1
    layer(below)
    assert layer.is_active.tolist() == [[False], [True]]


def test_above_layer_0_every_cell_below_is_an_afferent() -> None:
    config = replace(CONFIG, rows=1, columns=3, radius=0.34)
    layer = SparseyLayer(config, sources=rectangular(3, 3), cells_per_source=12, seed=0)
    assert layer.synapses.num_afferents.tolist() == [4 * 12, 5 * 12, 4 * 12]


@pytest.mark.parametrize("phase", ["train", "eval"])
def test_active_macs_have_one_winner_in_each_cm(phase: str) -> None:
    layer = over_pixels().train(phase == "train")
    for _ in range(3):
        codes = layer(random_images(20))
        per_cm = codes.unflatten(-1, (3, 4)).sum(dim=-1)
        assert torch.equal(per_cm, layer.is_active[..., None].float().expand(20, 4, 3))
        assert 0 < layer.is_active.float().mean() < 1


def test_training_samples_where_evaluation_takes_the_best_supported() -> None:
    layer = over_pixels(ONE_MAC)
    novel = random_images(1).expand(64, 16)
    assert len(torch.unique(winners(layer.eval()(novel)), dim=0)) == 1
    assert len(torch.unique(winners(layer.train()(novel)), dim=0)) > 20


def test_a_trained_input_is_recalled_exactly() -> None:
    layer = over_pixels(ONE_MAC)
    image = random_images(1)
    learned = layer.train()(image)
    assert torch.equal(layer.eval()(image), learned)
    assert torch.equal(layer.train()(image), learned)


def test_more_similar_inputs_get_more_similar_codes() -> None:
    known = torch.zeros(1, 100)
    known[0, :25] = 1
    overlaps = {0: 0.0, 9: 0.0, 25: 0.0}
    for shift in overlaps:
        for seed in range(100):
            layer = over_pixels(ONE_MAC, side=10, seed=seed)
            overlaps[shift] += float((layer(known) * layer(known.roll(shift, dims=1))).sum()) / 3 / 100
    assert overlaps[0] == pytest.approx(1, abs=0.02)
    assert 0.6 < overlaps[9] < 0.9
    assert overlaps[25] == pytest.approx(1 / 4, abs=0.1)


def test_evaluation_learns_nothing_and_draws_nothing() -> None:
    layer = over_pixels()
    layer(random_images(20))
    weights, chance = copy.deepcopy(layer.state_dict()), layer.generator.get_state()
    layer.eval()(random_images(20))
    assert all(torch.equal(value, weights[name]) for name, value in layer.state_dict().items())
    assert torch.equal(layer.generator.get_state(), chance)


def test_a_batch_is_coded_with_the_weights_before_it() -> None:
    twice = random_images(1).expand(64, 16)
    assert len(torch.unique(winners(over_pixels(ONE_MAC)(twice)), dim=0)) > 20


def test_the_global_random_state_is_neither_read_nor_moved() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = over_pixels(seed=5)(random_images(20))
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert torch.equal(over_pixels(seed=5)(random_images(20)), first)
    assert not torch.equal(over_pixels(seed=6)(random_images(20)), first)
