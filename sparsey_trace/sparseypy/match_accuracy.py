"""How far codes agree with those of the nearest training input."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from sparsey_trace.metrics.base import CODES_AND_ACTIVITY
from sparsey_trace.metrics.match_accuracy import MatchAccuracy
from sparsey_trace.sparseypy import spring
from sparsey_trace.sparseypy.inputs_and_codes_metric import InputsAndCodesMetric
from sparsey_trace.sparseypy.online import Generation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from sparsey_trace.metrics.reference_store import ReferenceStore

_SAME = 1e-5
"""Values that differ by no more are equal."""


class MatchAccuracyMetric(InputsAndCodesMetric):
    """How far each MAC's code in evaluation agrees with its code for the nearest training input.

    Spring: for each layer one list, of all MACs' values for the first sample, then for the next; by Hamming's distance
    and similarity; empty in training and before any. Final: for each sample and MAC, by Jaccard's; 0 in training and
    before any.
    """

    metric_name: ClassVar[str] = "match_accuracy"
    _spring_reductions: ClassVar[spring.Reductions] = {
        None: spring.as_they_are,
        "mean": spring.mean_of_each_layer,
        "sum": spring.sum_of_each_layer,
        "highest_level": spring.highest_layer,
    }
    _own_parameters: ClassVar[Mapping[Generation, Mapping[str, Any]]] = {
        Generation.FINAL: {
            "distance": "jaccard",
            "similarity": "jaccard",
            "repeated": "first",
            "reference_size": 64,
        }
    }
    _recalls = CODES_AND_ACTIVITY

    def get_normalized_hamming_distance(self, stored_code: Tensor, selected_code: Tensor) -> float:
        """The share of cells that agree; 1 for equal codes, in spite of the name.

        Args:
            stored_code: a code as cells, [Q, K] or of any shape.
            selected_code: another, of the same shape. Values that differ by 1e-5 or less are equal.

        Returns:
            A number that is a float32 exactly.
        """
        first, second = torch.as_tensor(stored_code), torch.as_tensor(selected_code)
        agrees = torch.isclose(first.float(), second.float(), rtol=0.0, atol=_SAME)
        return agrees.float().mean().item()

    def _spring_values(self) -> Any:
        if self.sample_values is None:
            return [[] for _ in self.hook.layers]
        return [values.astype(np.float32).ravel().tolist() for values in self.sample_values.values]

    def _shortened(self, state: ReferenceStore) -> ReferenceStore:
        """Each input with the one showing whose code can still be asked for."""
        assert isinstance(self.definition, MatchAccuracy)
        if len(state.seen) == len(state.step):
            return state
        backwards = slice(None, None, -1 if self.definition.repeated == "latest" else 1)
        _, found = np.unique(state.seen[backwards], return_index=True)
        kept = np.sort(np.arange(len(state.seen))[backwards][found])
        return replace(
            state, seen=state.seen[kept], sample=state.sample[kept], sample_step=state.sample_step[kept]
        )
