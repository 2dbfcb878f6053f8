"""Feature coverage: how much of the input reaches a MAC through active MACs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sparsey_trace.metrics.base import Context, Rows, SampleMetric
from sparsey_trace.metrics.reach import count_reach

if TYPE_CHECKING:
    from collections.abc import Mapping

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

    def rows_stay(self, notes: Mapping[str, Any]) -> bool:
        """Nothing but the sample itself counts."""
        return True

    def rows(self, chunk: Chunk, layout: Layout, context: Context) -> Rows:
        """Shares per MAC and per layer."""
        on = np.bitwise_count(np.packbits(chunk.on, axis=1)).sum(axis=1, dtype=np.int64)
        # Of nothing all arrives: 1 of 1.
        nothing = on == 0
        divisor = np.where(nothing, 1, on)
        values = [np.empty((len(chunk), layer.num_macs)) for layer in layout.layers]
        layer_values = [np.empty(len(chunk)) for _ in layout.layers]
        for part, layer, by_mac, whole in count_reach(chunk):
            np.divide(by_mac + nothing[part, None], divisor[part, None], out=values[layer][part])
            np.divide(whole + nothing[part], divisor[part], out=layer_values[layer][part])
        return Rows(values=values, layer_values=layer_values)
