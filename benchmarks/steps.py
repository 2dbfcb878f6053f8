"""Forward passes of two copies of a model in turns, one watched and one not."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from benchmarks.machine import cores
from benchmarks.measure import thread_seconds
from benchmarks.models import MODELS
from benchmarks.peers import PEERS
from benchmarks.tables import Figure
from sparsey_trace import open_trace
from sparsey_trace.demo import Sparsey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

BLOCKS = 12
WRITER = "sparsey-trace-writer"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Steps of the same model on the same inputs.

    Attributes:
        plain: seconds of each unwatched step.
        watched: seconds of each watched step.
        added: of each pair of blocks, the share of time that watching adds.
        size: bytes a sample that were kept.
        closing: seconds to finish, after the last step.
        hook: seconds of the training thread a step, where it is ours that watches.
        writer: CPU seconds of the writer thread a sample, behind the first step, where it is ours that watches.
    """

    plain: list[float]
    watched: list[float]
    added: list[float]
    size: float
    closing: float
    hook: float = 0.0
    writer: float = 0.0


def compare(
    digits: str, *, model: str, peer: str, batch: int, seconds: float, cpu: str = "spare core"
) -> dict[str, object]:
    """Watch a model with a peer for about so many seconds.

    Args:
        digits: a trace whose inputs the model is shown.
        model: a name in `MODELS`.
        peer: a name in `PEERS`.
        batch: samples a step.
        seconds: how long, both copies together.
        cpu: `spare core`: training on one thread; `all cores`: on as many threads as there are cores; `one core`:
            on one thread, and all threads of the process kept on the same core.

    Returns:
        A `Compared` as a dictionary.
    """
    torch.set_num_threads(cores() if cpu == "all cores" else 1)
    with open_trace(digits) as trace:
        images = torch.from_numpy(trace.inputs[:5000]).float()
    plain = Sparsey(MODELS[model])
    with tempfile.TemporaryDirectory() as folder, kept_on(1 if cpu == "one core" else cores()):
        watcher = PEERS[peer](Sparsey(MODELS[model]), Path(folder))
        is_ours, begun = peer == "sparsey-trace", 0.0
        if is_ours:  # the file is made once, and takes as long as hundreds of steps
            watcher.step(images[:batch])
            watcher.recorder.commit()
            begun = thread_seconds(WRITER)
        steps, seen = _in_blocks(images, batch, seconds, plain, watcher.step)
        found = {"plain": steps[0], "watched": steps[1], "added": _added(steps)}
        if is_ours:
            watcher.recorder.commit()
            stats = watcher.recorder.stats()
            writer = (thread_seconds(WRITER) - begun) / seen
            found |= {"hook": stats.seconds / stats.steps, "writer": writer}
            seen += batch
        start = time.perf_counter()
        size = watcher.close()
        return {**found, "size": size / seen, "closing": time.perf_counter() - start}


@contextmanager
def kept_on(count: int) -> Iterator[None]:
    """Let this thread, and those that it starts, run on so many cores."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def _in_blocks(
    images: Tensor, batch: int, seconds: float, plain: Sparsey, watched: Callable[[Tensor], object]
) -> tuple[tuple[list[float], list[float]], int]:
    """Seconds of plain and of watched steps, and how many samples the watched ones had."""
    generator = np.random.default_rng(0)
    both, times = (plain, watched), ([], [])
    for _ in range(2):  # what is done once only
        for act in both:
            act(images[generator.integers(0, len(images), batch)])
    start = time.perf_counter()
    for act in both:
        act(images[generator.integers(0, len(images), batch)])
    steps = max(1, round(seconds / BLOCKS / (time.perf_counter() - start)))
    for block in range(BLOCKS):
        chosen = generator.integers(0, len(images), (steps, batch))
        for which in (0, 1) if block % 2 else (1, 0):
            for row in chosen:
                x = images[row]
                start = time.perf_counter()
                both[which](x)
                times[which].append(time.perf_counter() - start)
    return times, batch * (len(times[1]) + 3)


def _added(times: tuple[list[float], list[float]]) -> list[float]:
    plain, watched = (np.reshape(each, (BLOCKS, -1)).sum(axis=1) for each in times)
    return (watched / plain - 1).tolist()


def percentile(seconds: list[float], rank: float) -> float:
    """Milliseconds."""
    return float(np.percentile(seconds, rank)) * 1e3


def percent(shares: list[float]) -> Figure:
    """In hundredths."""
    return Figure(tuple(100 * share for share in shares))
