"""Where the MACs of the original stand, and what they listen to; the golden runs have the same."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

Places = list[tuple[float, float]]

EXTENT = {"rect": (1.0, 1.0), "hex": (1.0, 1.5)}
"""How far a grid of a layout reaches, along its rows and its columns."""


def places(grid: tuple[int, int], layout: str) -> Places:
    """Of the MACs of a grid of rows x columns, row by row."""
    along = [
        [reach * index / (count - 1) for index in range(count)] if count > 1 else [0.5]
        for count, reach in zip(grid, EXTENT[layout], strict=True)
    ]
    return list(product(*along))


def within(macs: Places, below: Places, radius: float) -> list[Tensor]:
    """[R] int64 for each MAC: what is below it within a radius."""
    return [
        torch.tensor(
            [i for i, place in enumerate(below) if math.dist(mac, place) <= radius], dtype=torch.int64
        )
        for mac in macs
    ]


def padded(wiring: Sequence[Tensor], padding: int) -> Tensor:
    """[M, R] int64, rows filled up to the longest one."""
    return torch.nn.utils.rnn.pad_sequence(list(wiring), batch_first=True, padding_value=padding)
