"""Feature coverage: how much of the input reaches a MAC through active MACs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sparsey_trace.metrics.base import Context, SampleMetric, SampleValues
from sparsey_trace.metrics.wiring.reach import reach_counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import Layout


@dataclass(frozen=True)
class FeatureCoverage(SampleMetric[None]):
    """The share of a sample's "on" features that reach each MAC, and each layer as a whole.

    1 where the sample has no such feature. Source: `feature_coverage` in docs/metrics.md.
    """

    name: ClassVar[str] = "feature_coverage"
    values_require: ClassVar[frozenset[str]] = frozenset({"inputs", "active"})
    has_layer_values: ClassVar[bool] = True
    partial_layers: ClassVar[str] = "an upper bound above unrecorded layers: their MACs count as active"

    @property
    def unit(self) -> str:
        """Of a figure in a summary."""
        return "share of features"

    def values_stay(self, notes: Mapping[str, Any]) -> bool:
        """Nothing but the sample itself counts."""
        return True

    def values(self, chunk: Chunk, layout: Layout, context: Context) -> SampleValues:
        """Shares per MAC and per layer."""
        from sparsey_trace.kernels.reach import share

        on = np.bitwise_count(chunk.on_bits).sum(axis=1, dtype=np.int64)
        counts, begin = reach_counts(chunk), 0
        values = [np.empty((len(chunk), layer.num_macs)) for layer in layout.layers]
        of_layers = np.empty((len(chunk), len(values)))
        for shares in (*values, of_layers):
            share(counts, begin, on, shares)
            begin += shares.shape[1]
        return SampleValues(values=values, layer_values=list(of_layers.T))
