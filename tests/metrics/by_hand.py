"""Runs small enough to be counted by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.trace.writing.writer import TraceWriter

if TYPE_CHECKING:
    from pathlib import Path

LAYOUT = Layout(
    num_features=3,
    layers=[LayerLayout(name="v1", num_macs=2, num_cms=1, num_neurons=3, connections=[[0, 1], [2]])],
)


def written(
    path: Path,
    *,
    active: Any,
    codes: Any = None,
    inputs: Any = None,
    phases: tuple[str, ...] = (),
    epochs: tuple[int, ...] = (),
    labels: Any = None,
) -> Path:
    """Write a trace of one layer of two MACs, with one CM of three neurons each, over three features.

    Args:
        path: where.
        active: [steps, samples, 2].
        codes: [steps, samples, 2] winners; by default 0.
        inputs: [steps, samples, 3]; by default 1.
        phases: of each step; by default training.
        epochs: of each step; by default 0.
        labels: of each step, [samples] or None; by default unknown.
    """
    active = np.array(active, np.bool_)
    steps, samples, _ = active.shape
    codes = np.zeros(active.shape, np.int64) if codes is None else np.array(codes)
    inputs = np.ones((steps, samples, 3), np.int64) if inputs is None else np.array(inputs)
    with TraceWriter(path, LAYOUT) as writer:
        for step in range(steps):
            writer.append(
                inputs=inputs[step],
                codes=[codes[step][..., None]],
                active=[active[step]],
                phase=phases[step] if phases else "train",
                epoch=epochs[step] if epochs else 0,
                labels=labels[step] if labels else None,
            )
    return path
