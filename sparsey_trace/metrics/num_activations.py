"""Number of activations: how many of a step's samples a MAC was active for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sparsey_trace.metrics.base import Best, Context, OverSamples, SampleMetric, SampleValues

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import Layout


@dataclass(frozen=True)
class NumActivations(SampleMetric[None]):
    """How many samples of the step each MAC was active for.

    Source: `num_activations` in docs/metrics.md.
    """

    name: ClassVar[str] = "num_activations"
    best: ClassVar[Best] = "lowest"
    over_samples: ClassVar[OverSamples] = "sum"
    counts: ClassVar[bool] = True
    has_best: ClassVar[bool] = False
    values_require: ClassVar[frozenset[str]] = frozenset({"active"})

    @property
    def unit(self) -> str:
        """Of a figure in a summary."""
        return "share of samples"

    def values_stay(self, notes: Mapping[str, Any]) -> bool:
        """A sample's own activity is all that counts."""
        return True

    def values(self, chunk: Chunk, layout: Layout, context: Context) -> SampleValues:
        """1 where the MAC is active, else 0."""
        return SampleValues(values=[active.view(np.int8) for active in chunk.active])
