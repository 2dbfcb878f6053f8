"""Whether recording changes nothing on an accelerator, and what it adds to a step there; alone: see `main`.

Not one of the cases of `make bench`, as few machines have a device: `python -m benchmarks.on_device`, a minute.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from benchmarks.tables import Figure
from sparsey_trace import open_trace
from sparsey_trace.recording import WinnerTakeAll, record

if TYPE_CHECKING:
    from sparsey_trace.recording import Recorder

MACS, CMS, NEURONS = 36, 4, 4
FEATURES = 784
LAYERS = [
    WinnerTakeAll(f"{index}", num_macs=MACS, num_cms=CMS, num_neurons=NEURONS, output="cells")
    for index in (0, 1)
]
BLOCKS = 7


class Competing(nn.Module):
    """A layer whose CMs each have one winner, trained through the softmax that it came of."""

    def __init__(self, features: int) -> None:
        """So many features a sample come in."""
        super().__init__()
        self.linear = nn.Linear(features, MACS * CMS * NEURONS)

    def forward(self, x: Tensor | dict[str, Tensor]) -> dict[str, Tensor]:
        """The winners' cells, and what gradients flow through."""
        given = x if isinstance(x, Tensor) else x["soft"]
        soft = self.linear(given).unflatten(1, (MACS, CMS, NEURONS)).softmax(dim=-1)
        cells = nn.functional.one_hot(soft.argmax(dim=-1), NEURONS)
        return {"cells": cells, "soft": soft.flatten(1)}


class Training:
    """A model that is trained on noise, always the same way.

    Args:
        device: where.
        batch: samples a step.

    Attributes:
        model: what is trained.
    """

    def __init__(self, device: str, batch: int) -> None:
        """Ready for the first step; see the class for the arguments."""
        torch.manual_seed(0)
        self.model = nn.Sequential(Competing(FEATURES), Competing(MACS * CMS * NEURONS)).to(device)
        self._optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)
        self._batches = [
            (torch.rand(batch, FEATURES, device="cpu") < 0.2).float().to(device) for _ in range(8)
        ]
        self._device, self._step = device, 0

    def steps(self, count: int) -> float:
        """Train; seconds a step, when the device has done them."""
        start = time.perf_counter()
        for _ in range(count):
            soft = self.model(self._batches[self._step % len(self._batches)])["soft"]
            self._optimizer.zero_grad()
            soft.square().mean().backward()
            self._optimizer.step()
            self._step += 1
        _wait(self._device)
        return (time.perf_counter() - start) / count

    def weights(self) -> list[Tensor]:
        """As they are now."""
        return [parameter.detach().cpu() for parameter in self.model.parameters()]


def compare(device: str, batch: int, steps: int, *, is_default: bool) -> tuple[bool, Figure, Recorder]:
    """Train two copies in turns, one of them recorded.

    Args:
        device: where.
        batch: samples a step.
        steps: of each copy in each of `BLOCKS` blocks.
        is_default: whether torch is told that it is the default device.

    Returns:
        Whether both came to the same weights, to the bit; the seconds a step that recording adds; and the recorder,
        which is closed.
    """
    with torch.device(device) if is_default else nullcontext(), tempfile.TemporaryDirectory() as folder:
        plain, recorded = Training(device, batch), Training(device, batch)
        path = Path(folder) / "run.h5"
        added = []
        with record(recorded.model, path, layers=LAYERS) as recorder:
            for training in (plain, recorded):
                training.steps(steps)  # what is done once only
            for _ in range(BLOCKS):
                before = plain.steps(steps)
                added.append(recorded.steps(steps) - before)
        with open_trace(path) as trace:
            assert trace.closed
            assert len(trace) == (BLOCKS + 1) * steps * batch
    is_same = all(map(torch.equal, plain.weights(), recorded.weights()))
    return is_same, Figure(tuple(1e6 * seconds for seconds in added)), recorder


def _wait(device: str) -> None:
    if device != "cpu":
        torch.accelerator.synchronize()


def main() -> int:
    """Say, batch size by batch size, whether weights are the same and what a step takes more; 1 where they differ."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.on_device", description=__doc__)
    parser.add_argument("--device", default="cuda", help="cpu tries the program itself")
    parser.add_argument("--steps", type=int, default=200, help="of each block")
    arguments = parser.parse_args()
    device = arguments.device
    if device == "cuda" and not torch.cuda.is_available():
        print(f"no CUDA device is here (torch {torch.__version__}): nothing was measured")
        return 0
    name = torch.cuda.get_device_name() if device == "cuda" else device
    print(f"{name}, torch {torch.__version__}; {len(LAYERS)} layers of {MACS} MACs, Q = {CMS}, K = {NEURONS}")
    torch.set_num_threads(1)
    are_same = []
    for batch in (1, 32, 256):
        for is_default in (False, True):
            is_same, added, recorder = compare(device, batch, arguments.steps, is_default=is_default)
            are_same.append(is_same and recorder.error is None)
            print(
                f"batch {batch}{', as default device' if is_default else ''}: weights "
                f"{'equal' if is_same else 'DIFFER'}; recording adds {added} us a step"
            )
    return 0 if all(are_same) else 1


if __name__ == "__main__":
    sys.exit(main())
