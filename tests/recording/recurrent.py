"""A recurrent net of winner-take-all layers, unrolled, and what a plain hook sees of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from sparsey_trace.recording import WinnerTakeAll
from tests.recording.models import NUM_FEATURES, OneHot, samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH = 3
"""B"""


class Recurrent(nn.Module):
    """A recurrent net, unrolled: a layer of winners that hears its own last code, and one above it."""

    def __init__(self) -> None:
        super().__init__()
        self.weights, self.code = nn.Linear(NUM_FEATURES + 8, 8), OneHot(4)
        self.above, self.deeper = nn.Linear(8, 6), OneHot(3)
        self.deeper_calls = 9

    def forward(self, frames: Tensor) -> Tensor:
        """[B, moments, D]."""
        heard = torch.zeros(len(frames), 8)
        for moment, frame in enumerate(frames.unbind(1)):
            heard = self.code(self.weights(torch.cat([frame, heard], -1)))
            if moment < self.deeper_calls:
                found = self.deeper(self.above(heard))
        return found


RECURRENT_LAYERS = [
    WinnerTakeAll("code", num_macs=1, num_cms=2, num_neurons=4),
    WinnerTakeAll("deeper", num_macs=2, num_cms=1, num_neurons=3),
]


def make_recurrent() -> Recurrent:
    torch.manual_seed(1)
    return Recurrent()


def frames(moments: int, seed: int = 0) -> Tensor:
    return samples(BATCH * moments, seed=seed).view(BATCH, moments, NUM_FEATURES)


def calls_of(model: nn.Module, name: str) -> list[NDArray[Any]]:
    """What a plain hook keeps of each call to come: winners, [B, Q]."""
    kept: list[NDArray[Any]] = []
    layer = model.get_submodule(name)

    def keep(_: nn.Module, __: Any, output: Tensor) -> None:
        kept.append(output.detach().unflatten(-1, (-1, layer.num_neurons)).argmax(-1).numpy())

    layer.register_forward_hook(keep)
    return kept


def each(args: tuple[Tensor, ...], _: dict[str, Any]) -> tuple[Tensor, ...]:
    """The frame of each moment."""
    return args[0].unbind(1)
