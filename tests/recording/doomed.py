"""A training that is recorded until something ends its process; what it sends is `tests.trace.feed`'s run."""

from __future__ import annotations

import ctypes
import os
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from sparsey_trace.layout import MARKS
from sparsey_trace.recording import WinnerTakeAll, record
from tests.trace.feed import LAYOUT, step

if TYPE_CHECKING:
    from sparsey_trace.recording import Recorder


class Told(nn.Module):
    """A model whose layers put out the winners that it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.low, self.top = nn.Identity(), nn.Identity()

    def forward(self, inputs: torch.Tensor, winners: list[torch.Tensor]) -> torch.Tensor:
        lowest = self.low(winners[0])
        return self.top(winners[1]) + lowest.sum()


LAYERS = [
    WinnerTakeAll(
        layer.name,
        num_macs=layer.num_macs,
        num_cms=layer.num_cms,
        num_neurons=layer.num_neurons,
        connections=layer.connections,
    )
    for layer in LAYOUT.layers
]


def arguments(sent: dict[str, Any]) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """A step as the model takes it."""
    pairs = zip(sent["codes"], sent["active"], strict=True)
    winners = [torch.as_tensor(np.where(active[..., None], codes, -1)) for codes, active in pairs]
    return torch.as_tensor(sent["inputs"]), winners


VALUES = {"familiarity": lambda layer, _: getattr(layer, "familiarity", None)}
"""What `announce` has left at the lower layer."""


def announce(rec: Recorder, model: Told, sent: dict[str, Any]) -> None:
    """Say what the next pass is of."""
    rec.epoch = sent["epoch"]
    for name in MARKS:
        setattr(rec, name, sent[name])
    model.low.familiarity = sent["values"]["familiarity"][0]
    model.train(sent["phase"] == "train")


def train(path: str, seed: int, steps: int, end: str = "") -> None:
    """Record a run, and print again and again how many samples are safe."""
    rng = random.Random(seed)
    model = Told()
    with record(model, path, layers=LAYERS, values=VALUES, commit_every=rng.choice([0.01, 0.1])) as rec:
        for number in range(steps):
            sent = step(seed, number)
            announce(rec, model, sent)
            model(*arguments(sent))
            if rng.random() < 0.1:
                rec.commit()
            if rng.random() < 0.3:
                print(rec.stats().committed, flush=True)
        if end == "raise":
            msg = "training failed"
            raise ValueError(msg)
        if end == "exit":
            os._exit(3)
        if end == "segfault":
            ctypes.string_at(0)
