from __future__ import annotations

from functools import cache

import pytest
import torch

from sparsey_trace.demo.configurations import DIGITS, MNIST
from sparsey_trace.demo.data import load_digits
from sparsey_trace.demo.model import Sparsey, SparseyConfig
from sparsey_trace.errors import DataError

CONFIGS = pytest.mark.parametrize("config", [DIGITS, MNIST], ids=["digits", "mnist"])


@cache
def images() -> torch.Tensor:
    """[1797, 8, 8] of the digits, which scikit-learn has: loading it takes longer than collecting all tests of here."""
    return torch.from_numpy(load_digits().inputs)


def agreement(first: torch.Tensor, second: torch.Tensor) -> float:
    """The share of CMs with the same winner, over MACs that are active in both."""
    return float((first * second).sum() / (first.amax(dim=-1) * second.amax(dim=-1)).sum() / CMS)


CMS = DIGITS.layers[-1].num_cms


def trained(images: torch.Tensor, *, seed: int = 0) -> tuple[Sparsey, torch.Tensor]:
    """A model that has seen the images twice, and their latest codes."""
    model = Sparsey(DIGITS, seed=seed)
    for _ in range(2):
        codes = torch.cat([model(batch) for batch in images.split(8)])
    return model, codes


@CONFIGS
def test_layers_have_what_a_recorder_reads(config: SparseyConfig) -> None:
    model = Sparsey(config)
    model(torch.ones(2, *config.input_shape))
    sources = config.input_shape[0] * config.input_shape[1]
    for layer in model.layers:
        macs = layer.config.rows * layer.config.columns
        assert layer.input_connections.dtype == torch.int64
        assert layer.input_connections.shape[0] == macs
        assert layer.input_connections.min() >= 0
        assert layer.input_connections.max() <= sources
        assert (layer.input_connections[:, 0] < sources).all()
        assert layer.mac_positions.shape == (macs, 2)
        assert layer.mac_positions.dtype == torch.float32
        assert layer.is_active.shape == (2, macs)
        assert layer.is_active.dtype == torch.bool
        assert (layer.num_cms_per_mac, layer.num_neurons_per_cm) == (
            layer.config.num_cms,
            layer.config.num_neurons,
        )
        sources = macs


@CONFIGS
def test_every_source_is_listened_to(config: SparseyConfig) -> None:
    model = Sparsey(config)
    for layer in list(model.layers)[1:]:
        assert set(range(layer.num_sources)) <= set(layer.input_connections.flatten().tolist())


@CONFIGS
def test_demos_have_three_layers_and_one_is_hexagonal(config: SparseyConfig) -> None:
    assert len(config.layers) >= 3
    assert {layer.grid for layer in config.layers} == {"rectangular", "hexagonal"}


def test_the_output_is_the_last_layers_and_shape_and_dtype_of_the_input_do_not_matter() -> None:
    image = images()[:4]
    last = Sparsey(DIGITS).layers[-1].config
    codes = Sparsey(DIGITS)(image)
    assert codes.shape == (4, last.rows * last.columns, last.num_cms * last.num_neurons)
    assert codes.dtype == torch.float32
    assert torch.equal(Sparsey(DIGITS)(image.flatten(1).double() * 3), codes)


def test_an_input_of_another_size_is_refused() -> None:
    with pytest.raises(DataError, match=r"^input: expected shape \[B, 8, 8\], found \[2, 9, 9\]$"):
        Sparsey(DIGITS)(torch.zeros(2, 9, 9))


def test_the_seed_decides_the_codes_and_nothing_else_does() -> None:
    torch.manual_seed(1)
    first, codes = trained(images()[:64], seed=3)
    torch.manual_seed(2)
    second, again = trained(images()[:64], seed=3)
    assert torch.equal(codes, again)
    states = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    assert all(torch.equal(mine, other) for mine, other in states)
    assert not torch.equal(trained(images()[:64], seed=4)[1], codes)


def test_a_trained_model_recalls_and_an_untrained_one_does_not() -> None:
    seen = images()[:400]
    model, codes = trained(seen)
    recalled = agreement(model.eval()(seen), codes)
    untrained = agreement(Sparsey(DIGITS).eval()(seen), codes)
    by_chance = agreement(codes.roll(1, dims=0), codes)
    assert recalled > by_chance + 0.2
    assert recalled > untrained + 0.3


def test_nearer_inputs_share_more_of_their_codes() -> None:
    seen, new = images()[:400], images()[400:600]
    model, codes = trained(seen)
    distances = torch.cdist(new.flatten(1).float(), seen.flatten(1).float(), p=1)
    coded = model.eval()(new)
    near, far = (agreement(coded, codes[pick]) for pick in (distances.argmin(dim=1), distances.argmax(dim=1)))
    assert near > far + 0.1
