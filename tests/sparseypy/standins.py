"""Models of both versions of the original, that emit the codes of a run that is known already.

Written from a description of their attributes. Whatever their input, they answer with the codes of the run's next
samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from sparsey_trace.layout import PADDING, TRAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import LayerLayout


class Reader:
    """Where in the run the model is."""

    def __init__(self, run: Chunk) -> None:
        self.run, self.now = run, slice(0, 0)

    def cells(self, layer: int) -> Tensor:
        """[B, M, Q, K] float32, of the samples that are shown; all 0 where the MAC is silent."""
        active = self.run.active[layer][self.now]
        codes = np.where(active[:, :, None], self.run.codes[layer][self.now], 0)
        cells = nn.functional.one_hot(
            torch.from_numpy(codes).long(), self.run.layout.layers[layer].num_neurons
        )
        return cells.float() * self.active(layer)[:, :, None, None]

    def active(self, layer: int) -> Tensor:
        """[B, M] float32."""
        return torch.from_numpy(self.run.active[layer][self.now]).float()


def positions(layout: LayerLayout) -> list[tuple[float, ...]] | None:
    """The MACs' positions as in both versions."""
    return None if layout.positions is None else list(map(tuple, layout.positions.tolist()))


class FinalLayer(nn.Module):
    """As in the final version: a layer is one module."""

    def __init__(self, reader: Reader, index: int) -> None:
        super().__init__()
        layout = reader.run.layout.layers[index]
        padded = np.where(
            layout.connections == PADDING, reader.run.layout.num_sources(index), layout.connections
        )
        self.reader, self.index = reader, index
        self.input_connections = torch.from_numpy(padded).long()
        self.num_cms_per_mac, self.num_neurons_per_cm = layout.num_cms, layout.num_neurons
        self.mac_positions = positions(layout)
        self.is_active: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        self.is_active = self.reader.active(self.index)
        return self.reader.cells(self.index).flatten(2)


class SpringMac(nn.Module):
    """As in the spring-2024 version: a MAC is a module."""

    def __init__(self, reader: Reader, index: int, mac: int) -> None:
        super().__init__()
        row = reader.run.layout.layers[index].connections[mac]
        self.input_filter = torch.from_numpy(row[row != PADDING]).long()
        self.reader, self.layer_index, self.mac_index = reader, index, mac
        self.is_active: Any = True

    def forward(self, x: Tensor) -> Tensor:
        self.is_active = self.reader.active(self.layer_index)[:, self.mac_index]
        return self.reader.cells(self.layer_index)[:, self.mac_index]


class SpringLayer(nn.Module):
    """MACs in a list, each shown what it listens to."""

    def __init__(self, reader: Reader, index: int) -> None:
        super().__init__()
        layout: LayerLayout = reader.run.layout.layers[index]
        self.layer_index = index
        self.mac_positions = positions(layout)
        self.mac_list = nn.ModuleList(SpringMac(reader, index, mac) for mac in range(layout.num_macs))

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([mac(torch.index_select(x, 1, mac.input_filter)) for mac in self.mac_list], dim=1)


class StandIn(nn.Module):
    """A model of either version. As in the original, `train` sets the flag of the layers and not its own."""

    def __init__(self, run: Chunk, kind: type[FinalLayer | SpringLayer]) -> None:
        super().__init__()
        self.reader = Reader(run)
        for index in range(len(run.layout.layers)):
            self.add_module(f"Layer_{index}", kind(self.reader, index))

    def train(self, mode: bool = True) -> StandIn:  # noqa: FBT001, FBT002 - torch's own signature
        for layer in self.children():
            layer.train(mode)
        return self

    def forward(self, x: Tensor) -> Tensor:
        """The samples after the last ones, whatever [B, …] holds."""
        self.reader.now = slice(self.reader.now.stop, self.reader.now.stop + len(x))
        x = x.reshape(len(x), self.reader.run.layout.num_features, 1, 1)
        for layer in self.children():
            x = layer(x)
        return x


def spring(run: Chunk) -> StandIn:
    """A model of the spring-2024 version."""
    return StandIn(run, SpringLayer)


def final(run: Chunk) -> StandIn:
    """A model of the final version."""
    return StandIn(run, FinalLayer)


def steps_of(run: Chunk, shape: tuple[int, ...]) -> Iterator[tuple[Tensor, bool, int]]:
    """Each step's batch [B, *shape] float32, whether it is training, and its epoch."""
    _, firsts = np.unique(run.step, return_index=True)
    for start, stop in zip(firsts, [*firsts[1:], len(run)], strict=True):
        assert run.inputs is not None
        batch = torch.from_numpy(run.inputs[start:stop]).float().reshape(-1, *shape)
        yield batch, bool(run.phase[start] == TRAIN), int(run.epoch[start])
