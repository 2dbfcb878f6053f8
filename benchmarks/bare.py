"""What recording takes by itself: CPU time, with a model that does nothing but hand out known codes."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from benchmarks.cases import Case, main
from benchmarks.codes import run_of
from benchmarks.measure import in_process, thread_seconds
from benchmarks.models import as_layer
from benchmarks.steps import WRITER
from benchmarks.tables import Goal, Table, number
from sparsey_trace.recording import record

if TYPE_CHECKING:
    from torch import Tensor

    from sparsey_trace import Chunk

MEASURE = "benchmarks.bare:measure"
LIMITS = {1: (150, 60), 8: (170, 15), 32: (250, 12), 256: (1200, 12)}
"""By batch size: us of the training thread a step, and of the writer thread a sample."""


class _Part(nn.Module):
    """A layer that hands out what it made beforehand."""

    def __init__(self, run: Chunk, index: int, batch: int, count: int) -> None:
        super().__init__()
        as_layer(self, run.layout, index)
        self.made = [_cells(run, index, slice(start * batch, (start + 1) * batch)) for start in range(count)]
        self.passes = 0
        self.is_active: Tensor | None = None

    def forward(self, _: Tensor) -> Tensor:
        cells, self.is_active = self.made[self.passes % len(self.made)]
        self.passes += 1
        return cells


def _cells(run: Chunk, index: int, samples: slice) -> tuple[Tensor, Tensor]:
    active = torch.from_numpy(run.active[index][samples])
    winners = torch.from_numpy(run.codes[index][samples]).long()
    cells = nn.functional.one_hot(winners, run.layout.layers[index].num_neurons).float()
    return cells.flatten(2) * active[..., None], active


class Bare(nn.Module):
    """Layers that cost nothing, fed with a known run again and again."""

    def __init__(self, run: Chunk, batch: int, count: int) -> None:
        """Make all that will be put out."""
        super().__init__()
        self.parts = nn.ModuleList(_Part(run, index, batch, count) for index in range(len(run.layout.layers)))

    def forward(self, x: Tensor) -> Tensor:
        """The next samples' cells of the highest layer."""
        for part in self.parts:
            cells = part(x)
        return cells


def measure(path: str, *, batch: int, seconds: float) -> dict[str, float]:
    """Least of many short runs, in us: of the training thread a step, and mean of the writer thread a sample."""
    torch.set_num_threads(1)
    run = run_of(Path(path))
    count = max(1, min(64, len(run) // batch))
    model = Bare(run, batch, count)
    inputs = [torch.from_numpy(run.inputs[start * batch :][:batch]).float() for start in range(count)]

    def step() -> float:
        start = time.thread_time()
        for x in inputs:
            model(x)
        return (time.thread_time() - start) / count

    plain, found = min(step() for _ in range(20)), []
    with tempfile.TemporaryDirectory() as folder, record(model, Path(folder) / "run.h5") as recorder:
        step()
        recorder.commit()
        before, seen, end = thread_seconds(WRITER), recorder.stats().samples, time.monotonic() + seconds
        while time.monotonic() < end:
            found.append(step() - plain)
        recorder.commit()
        writer = (thread_seconds(WRITER) - before) / (recorder.stats().samples - seen)
    found.sort()
    return {
        "least": found[0] * 1e6,
        "median": found[len(found) // 2] * 1e6,
        "writer": writer * 1e6,
        "plain": plain * 1e6,
    }


def report(case: Case) -> list[Table]:
    """CPU a step and a sample, by batch size."""
    rows, goals = [], []
    for batch in case.choose(full=tuple(LIMITS), quick=(1, 32), tiny=(8,)):
        seconds = case.choose(full=6, quick=2, tiny=0.2)
        found = in_process(MEASURE, path=case.traces.recorded(), batch=batch, seconds=seconds).result
        rows.append([str(batch), *(number(found[name]) for name in ("plain", "least", "median", "writer"))])
        step, sample = LIMITS[batch]
        what = f"recording at batch size {batch}"
        goals.append(
            Goal(what=f"{what}: training thread", found=found["least"], limit=step, unit="us a step")
        )
        goals.append(
            Goal(what=f"{what}: writer thread", found=found["writer"], limit=sample, unit="us a sample")
        )
    headers = [
        "batch",
        "unrecorded step, us of CPU",
        "recording adds, least",
        "median",
        "writer thread, us a sample",
    ]
    notes = [
        "Six layers of 364 MACs, Q = K = 4, that hand out codes of a real run, in a loop that does nothing else. CPU "
        "time of the thread that trains, without what the unrecorded step takes: the least and the median of rounds of "
        "up to 64 steps; and of the writer thread, commits included, over all of them."
    ]
    return [Table("Recording: CPU by itself", headers, rows, notes, goals)]


if __name__ == "__main__":
    main(report)
