"""Metrics with a value for every sample and MAC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from sparsey_trace.metrics.base import Context, SampleMetric
from sparsey_trace.sparseypy.online import OnlineMetric
from sparsey_trace.tables.chunk_values import ChunkValues, chunk_values, split_layers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.metrics.base import SampleValues
    from sparsey_trace.sparseypy.past import Past


class BySample(OnlineMetric):
    """A metric that is measured sample by sample.

    Attributes:
        sample_values: the latest step's values: `sample_values.values` has [B, M] for each layer. None where no
            sample has a value.
    """

    sample_values: SampleValues | None = None
    _chunk: Chunk | None = None

    @property
    def by_mac(self) -> list[list[Any]]:
        """The latest step's values as the table of a replay has them: a list for each layer, a value for each MAC.

        The lists are empty where no sample has a value.
        """
        values = self._by_step()
        if self._chunk is None or values is None:
            return [[] for _ in self.hook.layers]
        return [_numbers(layer[0]) for layer in split_layers(self._chunk.layout, _groups(values.macs))]

    @property
    def by_layer(self) -> list[float] | None:
        """The same for each layer as a whole; None where the metric has no such values."""
        values = self._by_step()
        return None if values is None or values.layers is None else _numbers(_groups(values.layers)[0])

    def _by_step(self) -> ChunkValues | None:
        if self._chunk is None or self.sample_values is None:
            return None
        assert isinstance(self.definition, SampleMetric)
        return chunk_values(
            self.definition, self.sample_values, self._chunk, resolution="step", reduction=None
        )

    def _measure(self, chunk: Chunk, past: Past[Any]) -> None:
        assert isinstance(self.definition, SampleMetric)
        self._chunk, self.sample_values = chunk, None
        if chunk.phase[0] in self.definition.values_phases:
            context = Context(past.result(), past.recall)
            self.sample_values = self.definition.values(chunk, chunk.layout, context)

    def _spring_values(self) -> Any:
        return self.by_mac

    def _final_values(self, chunk: Chunk) -> Sequence[Tensor]:
        if self.sample_values is None:
            return [torch.zeros(len(chunk), layer.num_macs) for layer in chunk.layout.layers]
        return [torch.from_numpy(values.astype(np.float32)) for values in self.sample_values.values]


class RepeatedByStep(BySample):
    """A metric of which a step has one value: the final version repeats it for every sample."""

    def _final_values(self, chunk: Chunk) -> Sequence[Tensor]:
        return [torch.tensor([macs], dtype=torch.float32).repeat(len(chunk), 1) for macs in self.by_mac]


def _groups(values: Any) -> Any:
    """[1, X], the values of the only group there is."""
    return values.values()


def _numbers(values: Any) -> list[Any]:
    """As a table has them: whole numbers, or float32."""
    exact: list[Any] = (values if values.dtype == np.int64 else values.astype(np.float32)).tolist()
    return exact
