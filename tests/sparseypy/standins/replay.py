"""Stand-ins that answer with the codes of a run that is known already, whatever their input."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from sparsey_trace.connections import PADDING
from sparsey_trace.layout import TRAIN
from tests.sparseypy.standins import final as final_version
from tests.sparseypy.standins import spring as spring_version
from tests.sparseypy.standins.build import Kind, Part, StandIn, build, sample_shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import LayerLayout


class Replay:
    """Has a model answer with a run's codes, of the samples that come next, whatever its input.

    Attributes:
        run: whose codes.
        now: which samples of it the latest pass showed.
    """

    def __init__(self, model: StandIn, run: Chunk) -> None:
        self.run, self.now = run, slice(0, 0)
        self._cells: list[Tensor] = []
        for index, layer in enumerate(model.children()):
            if isinstance(layer, final_version.SparseyLayer):
                layer.answer_with(partial(self._of_layer, index))
            for mac in getattr(layer, "mac_list", ()):
                mac.answer_with(partial(self._of_mac, index, mac.mac_index))

    def _of_layer(self, layer: int, x: Tensor) -> tuple[Tensor, Tensor]:
        if layer == 0:
            self._advance(len(x))
        return self._cells[layer].flatten(2), self._active(layer)

    def _of_mac(self, layer: int, mac: int, x: Tensor) -> tuple[Tensor, Tensor]:
        if layer == mac == 0:
            self._advance(len(x))
        return self._cells[layer][:, mac], self._active(layer)[:, mac]

    def _advance(self, count: int) -> None:
        self.now = slice(self.now.stop, self.now.stop + count)
        self._cells = [self._shown(layer) for layer in range(len(self.run.layout.layers))]

    def _shown(self, layer: int) -> Tensor:
        """[B, M, Q, K] float32; all 0 where the MAC is silent."""
        codes = torch.from_numpy(self.run.codes[layer][self.now].astype(int))
        neurons = torch.arange(self.run.layout.layers[layer].num_neurons)
        return ((codes[..., None] == neurons) & self._active(layer)[..., None, None]).float()

    def _active(self, layer: int) -> Tensor:
        """[B, M] bool."""
        return torch.from_numpy(self.run.active[layer][self.now])


_REPLAYS: WeakKeyDictionary[StandIn, Replay] = WeakKeyDictionary()


def replay_of(model: StandIn) -> Replay:
    """What makes a model answer with a run's codes."""
    return _REPLAYS[model]


def spring(run: Chunk) -> spring_version.Model:
    """A model of the spring generation that answers with the codes of the run's next samples."""
    return _replaying(spring_version.Model, run)


def final(run: Chunk) -> final_version.Model:
    """A model of the final generation that answers with the codes of the run's next samples."""
    return _replaying(final_version.Model, run)


def _replaying(kind: type[Kind], run: Chunk) -> Kind:
    parts = [
        Part(grid_of(layer.num_macs), layer.num_cms, layer.num_neurons, 0.0, wiring=_wiring(layer))
        for layer in run.layout.layers
    ]
    model = build(kind, grid_of(run.layout.num_features), parts)
    _REPLAYS[model] = Replay(model, run)
    return model


def grid_of(count: int) -> tuple[int, int]:
    """Rows x columns as square as can be, as all grids of the golden runs are."""
    rows = next(rows for rows in range(math.isqrt(count), 0, -1) if count % rows == 0)
    return rows, count // rows


def _wiring(layer: LayerLayout) -> list[Tensor]:
    return [torch.from_numpy(row[row != PADDING]).long() for row in layer.connections]


def steps_of(run: Chunk, model: StandIn) -> Iterator[tuple[Tensor, bool, int]]:
    """Each step's batch as the model takes it, float32, whether it is training, and its epoch."""
    starts = [index for index in range(len(run)) if index == 0 or run.step[index] != run.step[index - 1]]
    for start, stop in zip(starts, [*starts[1:], len(run)], strict=True):
        assert run.inputs is not None
        batch = torch.from_numpy(run.inputs[start:stop]).float().reshape(-1, *sample_shape(model))
        yield batch, bool(run.phase[start] == TRAIN), int(run.epoch[start])
