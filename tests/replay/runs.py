"""Small runs to compare, alike but for their seed and, where wanted, their layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.trace.writing.writer import TraceWriter

if TYPE_CHECKING:
    from pathlib import Path

WIDTHS = {"v1": 3, "v2": 2}


def write_run(
    path: Path, *, seed: int = 0, widths: dict[str, int] = WIDTHS, steps: int = 8, inputs: bool = True
) -> Path:
    """Write a trace with steps of four samples, every fourth of evaluation.

    Args:
        path: where.
        seed: of everything that is in it.
        widths: the layers' names and numbers of MACs.
        steps: how many.
        inputs: whether it has inputs.
    """
    rng = np.random.default_rng(seed)
    below, layers = 12, []
    for name, macs in widths.items():
        wiring = [rng.permutation(below)[: max(1, below // 2)] for _ in range(macs)]
        layers.append(LayerLayout(name=name, num_macs=macs, num_cms=2, num_neurons=3, connections=wiring))
        below = macs
    layout = Layout(num_features=12, layers=layers)
    with TraceWriter(path, layout, inputs="auto" if inputs else "none") as writer:
        for step in range(steps):
            writer.append(
                inputs=rng.integers(2, size=(4, 12)) if inputs else None,
                codes=[rng.integers(3, size=(4, macs, 2)) for macs in widths.values()],
                active=[rng.random((4, macs)) < 0.8 for macs in widths.values()],
                phase="eval" if step % 4 == 3 else "train",
                epoch=step // 4,
            )
    return path
