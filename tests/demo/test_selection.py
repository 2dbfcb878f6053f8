from __future__ import annotations

import pytest
import torch

from sparsey_trace.demo.selection import WinSigmoid, best_winners, familiarity, sample_winners

SIGMOID = WinSigmoid(floor=0.2, exponent=2.0, height=100.0, steepness=30.0, midpoint=0.8)


def one_mac(*cms: list[float]) -> torch.Tensor:
    return torch.tensor([[list(cms)]])


def test_familiarity_is_the_mean_over_cms_of_the_best_support() -> None:
    assert familiarity(one_mac([0.2, 0.8], [0.4, 0.0])).item() == pytest.approx(0.6)


def test_a_novel_input_leaves_the_choice_to_chance() -> None:
    probabilities = SIGMOID.win_probabilities(one_mac([0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]))
    assert probabilities.flatten().tolist() == [0.25] * 8


def test_familiarity_up_to_the_floor_counts_as_none() -> None:
    probabilities = SIGMOID.win_probabilities(one_mac([0.2, 0.0], [0.1, 0.2]))
    assert probabilities.flatten().tolist() == [0.5] * 4


def test_a_fully_familiar_input_makes_the_best_cell_nearly_certain() -> None:
    probabilities = SIGMOID.win_probabilities(one_mac([0.3, 1.0, 0.5, 0.2], [1.0, 0.0, 0.1, 0.0]))
    best = probabilities.amax(dim=-1).flatten()
    assert probabilities.argmax(dim=-1).tolist() == [[[1, 0]]]
    assert best.min() > 0.98
    torch.testing.assert_close(probabilities.sum(dim=-1), torch.ones(1, 1, 2))


def test_expansivity_rises_from_one_at_the_floor_to_one_plus_height_times_k() -> None:
    known = torch.tensor([0.0, 0.2, 0.6, 1.0])
    assert SIGMOID.expansivity(known, 4).tolist() == pytest.approx([1.0, 1.0, 101.0, 401.0])


def test_the_likelihood_at_the_midpoint_is_half_way_up() -> None:
    # G = (0.8 + 1.0) / 2 = 0.9, so the top is 1 + ((0.9 - 0.2) / 0.8)^2 * 100 * 2 = 154.125.
    first_cm = SIGMOID.win_probabilities(one_mac([0.8, 0.0], [1.0, 0.0]))[0, 0, 0]
    assert (first_cm[0] / first_cm[1]).item() == pytest.approx(1 + 153.125 / 2, rel=1e-4)


def test_the_more_familiar_the_surer() -> None:
    support = torch.linspace(0, 1, 11)[:, None, None, None] * torch.tensor([1.0, 0.5, 0.0])
    surest = SIGMOID.win_probabilities(support).amax(dim=-1).flatten()
    assert (surest.diff() >= -1e-6).all()
    assert surest[-1] > 2 * surest[0]


def test_sampling_follows_the_probabilities() -> None:
    probabilities = torch.tensor([0.5, 0.0, 0.3, 0.2]).expand(20_000, 4)
    winners = sample_winners(probabilities, torch.Generator().manual_seed(1))
    shares = torch.bincount(winners, minlength=4) / len(winners)
    assert shares.tolist() == pytest.approx([0.5, 0.0, 0.3, 0.2], abs=0.02)


def test_sampling_never_leaves_the_cm_when_rounding_keeps_the_sum_below_one() -> None:
    short = torch.tensor([0.25, 0.25]).expand(1_000, 2)
    assert sample_winners(short, torch.Generator().manual_seed(1)).max() == 1


def test_the_best_winner_is_the_lowest_among_equals() -> None:
    assert best_winners(torch.tensor([[0.1, 0.7, 0.7], [0.0, 0.0, 0.0]])).tolist() == [1, 0]
