"""A device that is far away: copies from it arrive when it pleases, and till then its pinned memory holds rubbish."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

RUBBISH = 0xAA


class Arrival:
    """Happens when the island's ferry has been. Who trains must not wait for it."""

    def __init__(self, island: Island, values: Tensor, target: Tensor) -> None:
        self._island, self._values, self.target = island, values, target
        self._has_happened = threading.Event()

    def land(self) -> None:
        self.target.copy_(self._values)
        self._has_happened.set()

    def synchronize(self) -> None:
        assert threading.current_thread() is not self._island.training, "the thread that trains waited"
        assert self._has_happened.wait(60)


class Island:
    """A lane to and from it. Nothing arrives before `ferry` or `open`; made by the thread that trains."""

    def __init__(self) -> None:
        self.training = threading.current_thread()
        self.pieces: list[Tensor] = []
        self.most_under_way = 0
        self._lock = threading.Lock()
        self._under_way: list[Arrival] = []
        self._is_open = False

    def pinned(self, num_bytes: int) -> Tensor:
        self.pieces.append(torch.full((num_bytes,), RUBBISH, dtype=torch.uint8))
        return self.pieces[-1]

    def copy(self, source: Tensor, target: Tensor) -> Arrival:
        # A tensor without values brings ones: all MACs active, their winners 1.
        values = torch.ones_like(target) if source.is_meta else source.clone()
        with self._lock:
            assert all(one.target.data_ptr() != target.data_ptr() for one in self._under_way), "still in use"
            target.fill_(RUBBISH)
            arrival = Arrival(self, values, target)
            self._under_way.append(arrival)
            self.most_under_way = max(self.most_under_way, len(self._under_way))
        if self._is_open:
            self.ferry()
        return arrival

    def ferry(self) -> None:
        """Bring all that waits, the latest first: every event happens, in an order that nobody asked for."""
        with self._lock:
            while self._under_way:
                self._under_way.pop().land()

    def open(self) -> None:
        """Bring what waits, and all that comes at once."""
        self._is_open = True
        self.ferry()
