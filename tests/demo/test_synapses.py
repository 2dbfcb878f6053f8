from __future__ import annotations

import pytest
import torch

from sparsey_trace.demo.synapses import LearningRule, Synapses

RULE = LearningRule(decay=0.5, permanence_gain=0.5, saturation=0.75)
FIRST, SECOND = [1.0, 0.0], [0.0, 1.0]


def one_mac(num_inputs: int = 4, rule: LearningRule = RULE) -> Synapses:
    return Synapses(torch.tensor([num_inputs]), num_inputs=num_inputs, num_cells=2, rule=rule)


def learn(synapses: Synapses, *samples: tuple[list[float], list[float]]) -> None:
    inputs = torch.tensor([[sample[0]] for sample in samples])
    codes = torch.tensor([[sample[1]] for sample in samples])
    synapses.learn(inputs, codes)


def test_weights_from_active_inputs_to_winners_rise_to_the_maximum_and_no_others() -> None:
    synapses = one_mac()
    learn(synapses, ([1.0, 0.0, 1.0, 0.0], FIRST))
    assert synapses.weights[0].T.tolist() == [[1, 0, 1, 0], [0, 0, 0, 0]]
    assert synapses.permanence[0].T.tolist() == [[0.5, 0, 0.5, 0], [0, 0, 0, 0]]


def test_other_weights_fade_by_a_rate_that_permanence_slows() -> None:
    synapses = one_mac()
    learn(synapses, ([1.0, 1.0, 0.0, 0.0], FIRST))
    learn(synapses, ([1.0, 0.0, 0.0, 0.0], FIRST))
    # The second weight has permanence 0.5: it loses 0.5 * (1 - 0.5) of itself.
    assert synapses.weights[0, :, 0].tolist() == [1, 0.75, 0, 0]
    assert synapses.permanence[0, :, 0].tolist() == [0.75, 0.5, 0, 0]
    learn(synapses, ([0.0, 0.0, 1.0, 0.0], SECOND))
    assert synapses.weights[0, :, 0].tolist() == [1 - 0.5 * 0.25, 0.75**2, 0, 0]


def test_a_faded_weight_rises_to_the_maximum_again() -> None:
    synapses = one_mac()
    for code in (FIRST, SECOND, FIRST):
        learn(synapses, ([1.0, 0.0, 0.0, 0.0], code))
    assert synapses.weights[0, 0].tolist() == [1, 0.75]


def test_a_cell_freezes_at_saturation_and_then_neither_learns_nor_fades() -> None:
    synapses = one_mac()
    learn(synapses, ([1.0, 1.0, 0.0, 0.0], FIRST))
    assert synapses.frozen.tolist() == [[False, False]]
    learn(synapses, ([0.0, 0.0, 1.0, 0.0], FIRST))
    assert synapses.frozen.tolist() == [[True, False]]
    before = synapses.weights[0, :, 0].tolist()
    learn(synapses, ([0.0, 0.0, 0.0, 1.0], [1.0, 1.0]))
    assert synapses.weights[0, :, 0].tolist() == before == [0.75, 0.75, 1, 0]
    assert synapses.weights[0, :, 1].tolist() == [0, 0, 0, 1]


def test_saturation_counts_only_inputs_that_exist() -> None:
    synapses = Synapses(torch.tensor([2]), num_inputs=4, num_cells=2, rule=RULE)
    learn(synapses, ([1.0, 1.0, 0.0, 0.0], FIRST))
    assert synapses.frozen.tolist() == [[True, False]]


def test_a_batch_is_one_moment_whatever_the_order_of_its_samples() -> None:
    batch = [([1.0, 1.0, 0.0, 0.0], FIRST), ([1.0, 0.0, 1.0, 0.0], FIRST), ([0.0, 0.0, 0.0, 1.0], SECOND)]
    forwards, backwards = one_mac(), one_mac()
    learn(forwards, *batch)
    learn(backwards, *reversed(batch))
    assert forwards.weights[0].T.tolist() == [[1, 1, 1, 0], [0, 0, 0, 1]]
    assert forwards.permanence[0, :, 0].tolist() == [0.5, 0.5, 0.5, 0]
    torch.testing.assert_close(backwards.permanence, forwards.permanence, rtol=0, atol=0)


def test_a_silent_mac_learns_nothing() -> None:
    synapses = one_mac()
    learn(synapses, ([1.0, 1.0, 1.0, 1.0], [0.0, 0.0]))
    assert synapses.weights.sum() == 0


def test_support_is_the_weights_of_active_inputs_over_the_most_they_could_be() -> None:
    synapses = one_mac()
    learn(synapses, ([1.0, 1.0, 0.0, 0.0], FIRST))
    inputs = torch.tensor([[[1.0, 1.0, 0.0, 0.0]], [[1.0, 0.0, 1.0, 1.0]], [[0.0, 0.0, 0.0, 0.0]]])
    support = synapses.support(inputs)
    assert support.flatten().tolist() == pytest.approx([1, 0, 1 / 3, 0, 0, 0])


def test_weights_are_state_and_no_parameters() -> None:
    assert not list(one_mac().parameters())
    assert set(one_mac().state_dict()) == {"weights", "permanence", "frozen", "num_afferents"}
