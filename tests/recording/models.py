"""Small models to record: one with sparseypy's attributes, one with winner-take-all parts."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from sparsey_trace.recording import WinnerTakeAll

NUM_FEATURES = 6
"""D of both models."""


class OriginalLayer(nn.Module):
    """A layer with the attributes of sparseypy's: fixed random projections, and MACs that fall silent.

    A MAC is active where it hears anything. In training its weights move, in place.
    """

    def __init__(self, connections: list[list[int]], *, num_sources: int, width: int, seed: int) -> None:
        super().__init__()
        most = max(map(len, connections))
        padded = [row + [num_sources] * (most - len(row)) for row in connections]
        self.input_connections = torch.tensor(padded)
        self.num_cms_per_mac, self.num_neurons_per_cm = 3, 4
        self.mac_positions = [(0.5, mac / len(connections)) for mac in range(len(connections))]
        self.is_active: Tensor | None = None
        generator = torch.Generator().manual_seed(seed)
        weights = torch.rand(len(connections), most * width, 12, generator=generator)
        self.weights = nn.Parameter(weights, requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        heard = torch.cat([x, torch.zeros_like(x[:, :1])], dim=1)[:, self.input_connections].flatten(2)
        self.is_active = heard.any(dim=-1).float()
        support = torch.einsum("bmi,mio->bmo", heard, self.weights).unflatten(-1, (3, 4))
        cells = one_hot(support.argmax(dim=-1), 4).flatten(2).float()
        if self.training:
            self.weights.mul_(0.9).add_(torch.einsum("bmi,bmo->mio", heard, cells), alpha=0.1)
        return cells * self.is_active[..., None]


class OriginalModel(nn.Module):
    """Two such layers; as in sparseypy, `train` sets the flag of the layers and not the model's own."""

    def __init__(self) -> None:
        super().__init__()
        lower = OriginalLayer([[0, 1, 2], [3, 4], [5]], num_sources=NUM_FEATURES, width=1, seed=1)
        upper = OriginalLayer([[0, 1], [2]], num_sources=3, width=12, seed=2)
        self.add_module("Layer_0", lower)
        self.add_module("Layer_1", upper)

    def train(self, mode: bool = True) -> OriginalModel:  # noqa: FBT001, FBT002 - torch's own signature
        for layer in self.children():
            layer.train(mode)
        return self

    def forward(self, x: Tensor) -> Tensor:
        """[B, D, 1] or [B, D]."""
        x = x.reshape(len(x), NUM_FEATURES, 1)
        for layer in self.children():
            x = layer(x)
        return x


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
