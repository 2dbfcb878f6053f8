"""Which cells of a MAC win: Sparsey's code selection algorithm.

The more familiar a MAC's input, the surer its best supported cells win; the more novel, the closer the
choice comes to chance. So similar inputs get similar codes. After Rinkus (2010), "A cortical sparse
distributed coding model linking mini- and macrocolumn-scale functionality", Frontiers in Neuroanatomy
4:17, with the sigmoid's form of Rinkus (2014), "Sparsey: event recognition via deep hierarchical sparse
distributed codes", Frontiers in Computational Neuroscience 8:160.

B samples, M MACs, Q CMs, K neurons. A cell's support U is 1 where all its active inputs arrive over
weights of full strength, and 0 where none has any.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Generator, Tensor


def familiarity(support: Tensor) -> Tensor:
    """G, how well a MAC knows its input: the mean over its CMs of their highest support.

    Args:
        support: [B, M, Q, K] float, in [0, 1].

    Returns:
        [B, M] float, in [0, 1].

    >>> familiarity(torch.tensor([[[[0.0, 1.0], [0.5, 0.25]]]])).item()
    0.75
    """
    return support.amax(dim=-1).mean(dim=-1)


def sample_winners(probabilities: Tensor, generator: Generator) -> Tensor:
    """One winner per CM, drawn in proportion to its probability (the soft max of learning).

    Args:
        probabilities: [..., K] float, summing to 1 along the last axis.
        generator: the only source of chance; it lives on the CPU, so that a seed means the same everywhere.

    Returns:
        [...] int64, winners.
    """
    draws = torch.rand((*probabilities.shape[:-1], 1), generator=generator).to(probabilities.device)
    below = probabilities.cumsum(dim=-1) <= draws
    # Rounding can leave the last cumulative probability just under 1, and a draw above it.
    return below.sum(dim=-1).clamp(max=probabilities.shape[-1] - 1)


def best_winners(support: Tensor) -> Tensor:
    """The best supported neuron of each CM, the lowest among equals (the hard max of retrieval).

    Args:
        support: [..., K] float.

    Returns:
        [...] int64, winners.
    """
    return support.argmax(dim=-1)


@dataclass(frozen=True, kw_only=True)
class WinSigmoid:
    """How support becomes probability, given the familiarity (Rinkus 2014, steps 7 to 9 of the algorithm).

    Attributes:
        floor: familiarity up to here counts as none, and the choice is uniform.
        exponent: how slowly the sigmoid rises with familiarity above the floor.
        height: the sigmoid's height at full familiarity, in multiples of K.
        steepness: of the sigmoid over support.
        midpoint: the support at which half of the height is reached.
    """

    floor: float
    exponent: float
    height: float
    steepness: float
    midpoint: float

    def expansivity(self, known: Tensor, num_neurons: int) -> Tensor:
        """The upper end of the win likelihoods, at least 1 (their lower end); the shape of `known`."""
        above_floor = ((known - self.floor) / (1 - self.floor)).clamp(min=0)
        return 1 + above_floor**self.exponent * self.height * num_neurons

    def win_probabilities(self, support: Tensor) -> Tensor:
        """Each neuron's probability to win in its CM: [B, M, Q, K] float from support of that shape."""
        top = self.expansivity(familiarity(support), support.shape[-1])[..., None, None]
        likelihood = 1 + (top - 1) * torch.sigmoid(self.steepness * (support - self.midpoint))
        return likelihood / likelihood.sum(dim=-1, keepdim=True)
