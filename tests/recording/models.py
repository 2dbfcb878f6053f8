"""Small models to record: one of sparseypy's final generation, one with winner-take-all parts."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from sparsey_trace.recording import WinnerTakeAll
from tests.sparseypy.standins.final import Model, SparseyLayer

NUM_FEATURES = 6
"""D of both models."""


def original_layer(
    wiring: list[list[int]], *, num_sources: int, cells_below: int, index: int = 0
) -> SparseyLayer:
    """The final generation's, of MACs of 3 CMs with 4 neurons; a MAC is active where it hears anything."""
    return SparseyLayer(
        layer_index=index,
        grid=(1, len(wiring)),
        grid_layout="rect",
        num_cms=3,
        num_neurons=4,
        mac_receptive_field_size=1.0,
        grid_below=(1, num_sources),
        cells_below=cells_below,
        wiring=[torch.tensor(row) for row in wiring],
    )


class OriginalModel(Model):
    """The final generation's, of two small layers; `train` sets the flag of the layers and not the model's own."""

    def __init__(self) -> None:
        super().__init__()
        self.add_layer(original_layer([[0, 1, 2], [3, 4], [5]], num_sources=NUM_FEATURES, cells_below=1))
        self.add_layer(original_layer([[0, 1], [2]], num_sources=3, cells_below=12, index=1))

    def forward(self, x: Tensor) -> Tensor:
        """[B, D, 1], or [B, D]."""
        return super().forward(x.reshape(len(x), NUM_FEATURES, 1))


class OneHot(nn.Module):
    """Winner-take-all in groups of K, passing gradients as if it weren't there."""

    def __init__(self, num_neurons: int) -> None:
        super().__init__()
        self.num_neurons = num_neurons

    def forward(self, x: Tensor) -> Tensor:
        groups = x.unflatten(-1, (-1, self.num_neurons))
        hard = one_hot(groups.argmax(dim=-1), self.num_neurons).to(x.dtype)
        return (hard - groups.detach() + groups).flatten(1)


class Classifier(nn.Module):
    """Two winner-take-all parts with dropout between, to be trained by gradient descent."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(NUM_FEATURES, 24), OneHot(4))
        self.dropout = nn.Dropout(0.5)
        self.deeper = nn.Sequential(nn.Linear(24, 12), OneHot(3))
        self.head = nn.Linear(12, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.deeper(self.dropout(self.encoder(x))))


CLASSIFIER_LAYERS = [
    WinnerTakeAll("encoder.1", num_macs=2, num_cms=3, num_neurons=4),
    WinnerTakeAll("deeper.1", num_macs=2, num_cms=2, num_neurons=3),
]


class Fixed(nn.Module):
    """Answers with the outputs it was given, whatever the input; its one part is called `part`."""

    def __init__(self, *outputs: Tensor) -> None:
        super().__init__()
        self.part = nn.Identity()
        self.outputs = list(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.part(self.outputs.pop(0))


def samples(count: int, *, seed: int = 0) -> Tensor:
    """[count, D] float32 zeros and ones."""
    return torch.randint(2, (count, NUM_FEATURES), generator=torch.Generator().manual_seed(seed)).float()


M, Q, K = 2, 3, 4


WINNERS = torch.tensor([[[3, 0, 1], [2, 2, 0]], [[0, 3, 3], [-1, -1, -1]]])
"""[B, M, Q]; the last MAC is silent."""


CELLS = one_hot(WINNERS.clamp(min=0), K) * (WINNERS >= 0)[..., None]


def part(num_neurons: int = K, **more: Any) -> WinnerTakeAll:
    return WinnerTakeAll("part", num_macs=M, num_cms=Q, num_neurons=num_neurons, **more)
