"""Feature coverage: how much of the input reaches a MAC through active MACs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sparsey_trace.metrics.base import Context, Rows, SampleMetric
from sparsey_trace.metrics.reach import count_reach

if TYPE_CHECKING:
    from sparsey_trace.layout import Chunk, Layout


@dataclass(frozen=True)
class FeatureCoverage(SampleMetric[None]):
    """The share of a sample's "on" features that reach each MAC, and each layer as a whole.

    1 where the sample has no such feature. Source: `feature_coverage` in docs/metrics.md.
    """

    name: ClassVar[str] = "feature_coverage"
    rows_require: ClassVar[frozenset[str]] = frozenset({"inputs", "active"})
    has_layer_values: ClassVar[bool] = True
    partial_layers: ClassVar[str] = "an upper bound above unrecorded layers: their MACs count as active"

    def rows(self, chunk: Chunk, layout: Layout, context: Context) -> Rows:
        """Shares per MAC and per layer."""
        total = np.count_nonzero(chunk.on, axis=1)
        empty = total == 0
        divisor = np.where(empty, 1, total)
        values, layer_values = [], []
        for by_mac, whole in count_reach(chunk):
            values.append(np.where(empty[:, None], 1.0, by_mac / divisor[:, None]))
            layer_values.append(np.where(empty, 1.0, whole / divisor))
        return Rows(values=values, layer_values=layer_values)
