"""A device that is far away: copies from it end when a test says so, and till then its pinned memory holds rubbish."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import torch

from sparsey_trace.recording import WinnerTakeAll

if TYPE_CHECKING:
    import pytest
    from torch import Tensor

RUBBISH = 0xAA


class EndOfCopy:
    """Happens when the device has delivered. Who trains must not wait for it."""

    def __init__(self, device: FarDevice, values: Tensor, target: Tensor) -> None:
        self._device, self._values, self.target = device, values, target
        self._has_happened = threading.Event()

    def happen(self) -> None:
        self.target.copy_(self._values)
        self._has_happened.set()

    def synchronize(self) -> None:
        assert threading.current_thread() is not self._device.training, "the thread that trains waited"
        assert self._has_happened.wait(60)


class FarDevice:
    """A copier from it. No copy ends before `deliver` or `deliver_each`; made by the thread that trains."""

    def __init__(self) -> None:
        self.training = threading.current_thread()
        self.buffers: list[Tensor] = []
        self.most_under_way = 0
        self._lock = threading.Lock()
        self._under_way: list[EndOfCopy] = []
        self._at_once: int | None = None

    def pinned(self, num_bytes: int) -> Tensor:
        self.buffers.append(torch.full((num_bytes,), RUBBISH, dtype=torch.uint8))
        return self.buffers[-1]

    def copy(self, source: Tensor, target: Tensor) -> EndOfCopy:
        # A tensor without values brings ones: all MACs active, their winners 1.
        values = torch.ones_like(target) if source.is_meta else source.clone()
        with self._lock:
            assert all(one.target.data_ptr() != target.data_ptr() for one in self._under_way), "still in use"
            target.fill_(RUBBISH)
            end = EndOfCopy(self, values, target)
            self._under_way.append(end)
            num_under_way = len(self._under_way)
            self.most_under_way = max(self.most_under_way, num_under_way)
        if num_under_way == self._at_once:
            self.deliver()
        return end

    def deliver(self) -> None:
        """End all copies, the latest first: every event happens, in an order that nobody asked for."""
        with self._lock:
            while self._under_way:
                self._under_way.pop().happen()

    def deliver_each(self, number: int = 1) -> None:
        """End the copies under way, and from now on as soon as there are so many."""
        self._at_once = number
        self.deliver()


PART = WinnerTakeAll("part", num_macs=2, num_cms=3, num_neurons=4)


def far_away(monkeypatch: pytest.MonkeyPatch) -> FarDevice:
    """Where every tensor is from now on, as far as recording knows."""
    far = FarDevice()
    monkeypatch.setattr("sparsey_trace.recording.queue.step_maker.copier_for", lambda _: far)
    monkeypatch.setattr("sparsey_trace.recording.steps.winners.is_on_host", lambda _: False)
    return far


def cells(size: int, *, seed: int = 0) -> Tensor:
    """[B, 2, 3, 4], one on in each CM."""
    winners = torch.randint(4, (size, 2, 3), generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.one_hot(winners, 4).float()
