"""Metrics with a value for every sample and MAC; a step's is their mean, sum or last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.metrics.base import Context, SampleMetric
from sparsey_trace.metrics.reductions import reduce
from sparsey_trace.sparseypy.metric import Metric
from sparsey_trace.tables.chunk_values import chunk_values, split_layers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.metrics.base import SampleValues
    from sparsey_trace.sparseypy.past import Past


class StepMetric(Metric):
    """A metric that is measured sample by sample.

    Attributes:
        sample_values: the latest step's values before they were taken together: `sample_values.values` has [B, M]
            for each layer, which is what the final version returns. None where no sample has a value.
        by_mac: the latest step's values without a reduction: a list for each layer, with a value for each MAC.
        by_layer: the latest step's values for each layer as a whole; None where the metric has none.
    """

    sample_values: SampleValues | None = None
    by_mac: Any = None
    by_layer: list[float] | None = None

    def _value(self, chunk: Chunk, past: Past[Any]) -> Any:
        metric, layout = self.definition, chunk.layout
        assert isinstance(metric, SampleMetric)
        self.sample_values = self.by_layer = None
        if chunk.phase[0] in metric.values_phases:
            self.sample_values = metric.values(chunk, layout, Context(past.result(), past.recall))
        if self.sample_values is None:
            self.by_mac = [[] for _ in layout.layers]
            return nothing(self.reduction, len(layout.layers))
        output = chunk_values(metric, self.sample_values, chunk, resolution="step", reduction=None)
        values = split_layers(layout, output.macs.values())
        self.by_mac = nested(None, values)
        if output.layers is not None:
            self.by_layer = _numbers(output.layers.values()[0])
        return nested(self.reduction, values)


def nested(reduction: str | None, values: Sequence[NDArray[Any]]) -> Any:
    """Values of one group, per layer [1, M], reduced, in the lists that `Metric.compute` returns.

    >>> layers = [np.array([[1, 3]]), np.array([[4]])]
    >>> nested(None, layers), nested("layerwise_mean", layers), nested("highest_layer", layers)
    ([[1, 3], [4]], [2.0, 4.0], [4])
    """
    reduced = reduce(reduction, values)
    numbers = _numbers(reduced.values[0])
    if reduced.layer is None:
        return numbers[0]
    if reduced.mac is None or reduction == "highest_layer":
        return numbers
    return [[numbers[row] for row in np.flatnonzero(reduced.layer == layer)] for layer in range(len(values))]


def nothing(reduction: str | None, num_layers: int) -> Any:
    """What stands for a step without a value: nothing in the lists that `nested` makes, or None."""
    if reduction is None:
        return [[] for _ in range(num_layers)]
    return None if reduction in ("mean", "sum", "highest_layer_mean") else []


def _numbers(values: NDArray[Any]) -> list[Any]:
    """As a table has them: whole numbers, or float32."""
    exact: list[Any] = (values if values.dtype == np.int64 else values.astype(np.float32)).tolist()
    return exact
