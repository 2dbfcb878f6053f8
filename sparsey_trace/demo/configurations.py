"""The two models of the demo, sized to train in seconds (digits) or in less than a minute (mnist).

The numbers were tuned by measuring: layer 0 is silent over blank parts of an image, layers above are mostly
active; trained inputs get their codes again; basis sets grow fast at first and then ever slower. What that
hangs on is the saturation: too low, and every input gets a code of its own; too high, and a few cells
that listen to everything win always.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.demo.layer import LayerConfig
from sparsey_trace.demo.model import SparseyConfig
from sparsey_trace.demo.selection import WinSigmoid
from sparsey_trace.demo.synapses import LearningRule

if TYPE_CHECKING:
    from sparsey_trace.demo.grids import GridKind

SIGMOID = WinSigmoid(floor=0.1, exponent=2.0, height=1e10, steepness=40.0, midpoint=1.0)
"""With its midpoint at full support only the rising tail counts, where 0.1 more support is 55 times the
likelihood; so high that a familiarity of about 0.45 begins to tell."""


def _layer(
    grid: GridKind, rows: int, columns: int, *, radius: float, shares: tuple[float, float], saturation: float
) -> LayerConfig:
    return LayerConfig(
        grid=grid,
        rows=rows,
        columns=columns,
        radius=radius,
        num_cms=6,
        num_neurons=8,
        lowest_share=shares[0],
        highest_share=shares[1],
        sigmoid=SIGMOID,
        learning=LearningRule(decay=0.03, permanence_gain=0.1, saturation=saturation),
    )


DIGITS = SparseyConfig(
    input_shape=(8, 8),
    layers=(
        _layer("rectangular", 6, 6, radius=0.25, shares=(0.4, 0.9), saturation=0.5),
        _layer("hexagonal", 4, 4, radius=0.3, shares=(0.25, 1.0), saturation=0.12),
        _layer("rectangular", 2, 2, radius=0.42, shares=(0.25, 1.0), saturation=0.2),
    ),
)
"""For scikit-learn's 8x8 digits: 36, 16 and 4 MACs."""

MNIST = SparseyConfig(
    input_shape=(28, 28),
    layers=(
        _layer("rectangular", 10, 10, radius=0.12, shares=(0.15, 0.9), saturation=0.5),
        _layer("hexagonal", 6, 6, radius=0.18, shares=(0.25, 1.0), saturation=0.15),
        _layer("rectangular", 3, 3, radius=0.3, shares=(0.25, 1.0), saturation=0.2),
    ),
)
"""For MNIST's 28x28 digits: 100, 36 and 9 MACs."""
