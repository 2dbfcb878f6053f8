"""The weights of a layer: what they say about an input, and how they learn.

After Rinkus (2014), "Sparsey: event recognition via deep hierarchical sparse distributed codes",
Frontiers in Computational Neuroscience 8:160: one coincidence sets a weight to its maximum; a weight fades
the more slowly the oftener that has happened (its permanence); a cell with too many increased weights
would answer to everything, and its weights are frozen before that (its critical period is over).

B samples, M MACs, I inputs a MAC (every cell of its field), C = Q * K cells a MAC.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class LearningRule:
    """How fast weights fade, and when they freeze.

    Attributes:
        decay: the share of a weight without permanence that is lost in a step.
        permanence_gain: the share of the way to full permanence that each further coincidence brings.
        saturation: the share of a cell's weights that may have been increased before it freezes.
    """

    decay: float
    permanence_gain: float
    saturation: float


class Synapses(nn.Module):
    """Plastic weights from each MAC's inputs to its cells; buffers, not parameters: there is no gradient.

    Attributes:
        weights: [M, I, C] float32 in [0, 1].
        permanence: [M, I, C] float32 in [0, 1); above 0 where a weight has ever been increased.
        frozen: [M, C] bool, cells whose weights no longer change.
        num_afferents: [M] int64, how many of a MAC's I inputs exist, and aren't padding.
    """

    weights: Tensor
    permanence: Tensor
    frozen: Tensor
    num_afferents: Tensor

    def __init__(self, num_afferents: Tensor, *, num_inputs: int, num_cells: int, rule: LearningRule) -> None:
        """All weights at 0: nothing is known yet.

        Args:
            num_afferents: [M] int64.
            num_inputs: I.
            num_cells: C.
            rule: how the weights learn.
        """
        super().__init__()
        num_macs = len(num_afferents)
        self.rule = rule
        self.register_buffer("weights", torch.zeros(num_macs, num_inputs, num_cells))
        self.register_buffer("permanence", torch.zeros(num_macs, num_inputs, num_cells))
        self.register_buffer("frozen", torch.zeros(num_macs, num_cells, dtype=torch.bool))
        self.register_buffer("num_afferents", num_afferents)

    def support(self, inputs: Tensor) -> Tensor:
        """U, each cell's summed weights from active inputs over the most that they could sum to.

        Args:
            inputs: [B, M, I] float, 0 or 1.

        Returns:
            [B, M, C] float in [0, 1]; 0 where no input is active.
        """
        sums = torch.einsum("bmi,mic->bmc", inputs, self.weights)
        return sums / inputs.sum(dim=-1, keepdim=True).clamp(min=1)

    @torch.no_grad()
    def learn(self, inputs: Tensor, codes: Tensor) -> None:
        """Take in a batch as one moment: a weight rises once if any sample calls for it, and else fades.

        So the order of the samples in a batch doesn't matter.

        Args:
            inputs: [B, M, I] float, 0 or 1.
            codes: [B, M, C] float, 1 where a cell has won; all 0 where the MAC is silent.
        """
        coincident = torch.einsum("bmi,bmc->mic", inputs, codes) > 0
        plastic = ~self.frozen[:, None, :]
        increased = coincident & plastic
        faded = self.weights * (1 - self.rule.decay * (1 - self.permanence))
        self.weights.copy_(torch.where(plastic, faded, self.weights).masked_fill_(increased, 1))
        firmer = self.permanence + self.rule.permanence_gain * (1 - self.permanence)
        self.permanence.copy_(torch.where(increased, firmer, self.permanence))
        share = (self.permanence > 0).sum(dim=1) / self.num_afferents[:, None]
        self.frozen |= share >= self.rule.saturation
