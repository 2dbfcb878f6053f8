"""What MACs of both generations do: choose the neuron with the largest sum in each CM, and move their weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

if TYPE_CHECKING:
    from collections.abc import Callable

    Answer = Callable[[Tensor], tuple[Tensor, Tensor]]
    """From what is heard to cells, and to whether MACs are active."""

RULES = {
    "sigmoid_lambda": 28.0,
    "sigmoid_phi": 5.0,
    "sigmoid_chi": 2.5,
    "min_familiarity": 0.2,
    "permanence_steps": 10.0,
    "permanence_convexity": 0.3,
}
"""Attributes that a trace holds nothing of."""

SATURATION = 0.5
LOWEST, HIGHEST = 0.2, 1.0
"""The share of its field in which something has to be on for a MAC to be active."""


def drawn_weights(*shape: int, seed: int) -> nn.Parameter:
    """Weights from 0 to 1, from a generator of their own: nobody else's chance is touched."""
    drawn = torch.rand(*shape, generator=torch.Generator().manual_seed(seed))
    return nn.Parameter(drawn, requires_grad=False)


def best_cells(support: Tensor) -> Tensor:
    """The cells with the largest support, one in each CM: [..., Q, K] float32."""
    return one_hot(support.argmax(dim=-1), support.shape[-1]).float()


def learn(weights: Tensor, heard: Tensor) -> None:
    """Move weights towards what was heard, in place."""
    with torch.no_grad():
        weights.mul_(0.9).add_(heard, alpha=0.1)
