"""A run that isn't easy to draw: hostile names, silent MACs, hexagons and no places at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.trace.writing.writer import TraceWriter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAMES = (r"_a$\frac{", "<b>$x$ & c")

HEXAGONS = [[0, 0], [1, 0], [0.5, 0.87], [1.5, 0.87]]


def layout(
    *, names: Sequence[str] = NAMES, features: int = 12, input_shape: tuple[int, ...] = (3, 4)
) -> Layout:
    """Layers of five MACs without places, and then of four on a hexagonal grid."""
    wiring = {5: [[0, 1, 2], [3], [4, 5], [6, 7, 11], [8, 9]], 4: [[0, 1], [2], [3, 4], [1, 2]]}
    layers = []
    for number, name in enumerate(names):
        macs = 4 if number else 5
        layers.append(
            LayerLayout(
                name=name,
                num_macs=macs,
                num_cms=3,
                num_neurons=4,
                connections=[
                    [c % (5 if number == 1 else 4) for c in row] if number else row for row in wiring[macs]
                ],
                positions=HEXAGONS if number else None,
            )
        )
    return Layout(num_features=features, input_shape=input_shape, layers=layers)


def write(
    path: Path, *, model: Layout | None = None, steps: int = 12, phase: str | None = None, inputs: bool = True
) -> Path:
    """Write a trace with steps of eight samples, every fourth of evaluation; of each layer, MAC 0 is silent."""
    model = model or layout()
    with TraceWriter(path, model, inputs="auto" if inputs else "none") as writer:
        append(writer, model, steps, phase=phase, inputs=inputs)
    return path


def append(
    writer: TraceWriter, model: Layout, steps: int, *, phase: str | None = None, inputs: bool = True
) -> None:
    rng = np.random.default_rng(0)
    for step in range(steps):
        active = [rng.random((8, layer.num_macs)) < 0.7 for layer in model.layers]
        for of_layer in active:
            of_layer[:, 0] = False
        writer.append(
            inputs=rng.integers(2, size=(8, model.num_features)) if inputs else None,
            codes=[rng.integers(4, size=(8, layer.num_macs, 3)) for layer in model.layers],
            active=active,
            phase=phase or ("eval" if step % 4 == 3 else "train"),
            labels=rng.integers(3, size=8) if step else None,
            values={"familiarity": [rng.random(of_layer.shape) for of_layer in active]},
        )
