"""A layer of Sparsey: MACs that listen, stay silent or choose a code, and learn it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from sparsey_trace.demo.grids import GridKind, make_grid, sources_within
from sparsey_trace.demo.selection import WinSigmoid, best_winners, familiarity, sample_winners
from sparsey_trace.demo.synapses import LearningRule, Synapses


@dataclass(frozen=True, kw_only=True)
class LayerConfig:
    """Everything that makes a layer what it is.

    Attributes:
        grid: how its MACs are laid out.
        rows: of the grid; M = rows * columns.
        columns: of the grid.
        radius: of a receptive field, on the scale of the unit square.
        num_cms: Q.
        num_neurons: K.
        lowest_share: a MAC is silent when a smaller share of its field is active.
        highest_share: a MAC is silent when a larger share of its field is active.
        sigmoid: how winners are drawn.
        learning: how weights learn.
    """

    grid: GridKind
    rows: int
    columns: int
    radius: float
    num_cms: int
    num_neurons: int
    lowest_share: float
    highest_share: float
    sigmoid: WinSigmoid
    learning: LearningRule


class SparseyLayer(nn.Module):
    """MACs of Q CMs with K neurons each, over input features or over the MACs of a layer below.

    Attributes:
        config: what it was made from.
        input_connections: [M, R] int64, what each MAC listens to, padded with the number of sources.
        mac_positions: [M, 2] float32, (x, y) on the unit square.
        is_active: [B, M] bool, which MACs had a code in the latest forward pass; [0, M] before the first.
        familiarity: [B, M] float32, how familiar each MAC found the latest input, from 0 to 1; [0, M] before the first.
        num_cms_per_mac: Q.
        num_neurons_per_cm: K.
        synapses: the weights.
        generator: the layer's own source of chance; torch's global one is never touched.
    """

    input_connections: Tensor
    mac_positions: Tensor

    def __init__(self, config: LayerConfig, *, sources: Tensor, cells_per_source: int, seed: int) -> None:
        """A layer that has learned nothing yet.

        Args:
            config: its sizes and rules.
            sources: [S, 2] float, the positions of what it listens to.
            cells_per_source: 1 for input features, Q * K of the layer below for MACs.
            seed: of `generator`.
        """
        super().__init__()
        self.config = config
        self.num_cms_per_mac, self.num_neurons_per_cm = config.num_cms, config.num_neurons
        self.num_sources, self.cells_per_source = len(sources), cells_per_source
        positions = make_grid(config.grid, rows=config.rows, columns=config.columns)
        connections = sources_within(positions, sources, radius=config.radius)
        self.register_buffer("mac_positions", positions)
        self.register_buffer("input_connections", connections)
        self.is_active = torch.zeros(0, len(positions), dtype=torch.bool)
        self.familiarity = torch.zeros(0, len(positions))
        self.generator = Generator().manual_seed(seed)
        self.synapses = Synapses(
            self.field_sizes * cells_per_source,
            num_inputs=connections.shape[1] * cells_per_source,
            num_cells=config.num_cms * config.num_neurons,
            rule=config.learning,
        )

    @property
    def field_sizes(self) -> Tensor:
        """[M] int64, how many sources each MAC listens to."""
        return (self.input_connections < self.num_sources).sum(dim=1)

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """Choose codes with the weights as they are; then, in training, learn them.

        Args:
            x: [B, S] features or [B, S, cells] codes of the layer below; on where non-zero.

        Returns:
            [B, M, Q * K] float32, 1 for a winner and else 0; all 0 where the MAC is silent.
        """
        inputs = self._gather(x)
        self.is_active = self._within_thresholds(inputs)
        support = self.synapses.support(inputs.flatten(2))
        per_cm = (self.num_cms_per_mac, self.num_neurons_per_cm)
        support = support.reshape(*support.shape[:2], *per_cm)
        self.familiarity = familiarity(support)
        winners = self._choose(support)
        cells = functional.one_hot(winners, self.num_neurons_per_cm).flatten(2)
        codes = (cells * self.is_active[..., None]).float()
        if self.training:
            self.synapses.learn(inputs.flatten(2), codes)
        return codes

    def _gather(self, x: Tensor) -> Tensor:
        on = (x != 0).float().reshape(len(x), self.num_sources, self.cells_per_source)
        with_padding = functional.pad(on, (0, 0, 0, 1))
        return with_padding[:, self.input_connections]

    def _within_thresholds(self, inputs: Tensor) -> Tensor:
        share = inputs.any(dim=-1).sum(dim=-1) / self.field_sizes
        return (share >= self.config.lowest_share) & (share <= self.config.highest_share)

    def _choose(self, support: Tensor) -> Tensor:
        if not self.training:
            return best_winners(support)
        return sample_winners(self.config.sigmoid.win_probabilities(support), self.generator)
