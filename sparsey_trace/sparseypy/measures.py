"""The metrics whose values are numbers, by the original's names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from sparsey_trace.metrics.base import CODES_AND_ACTIVITY, EVERYTHING
from sparsey_trace.metrics.match_accuracy import MatchAccuracy
from sparsey_trace.sparseypy.by_step import StepMetric
from sparsey_trace.sparseypy.wiring import num_macs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor, nn

    from sparsey_trace.metrics.reference_store import ReferenceStore


class BasisSetSizeMetric(StepMetric):
    """How many different codes each MAC has shown, active, in training so far; an int for each MAC."""

    name: ClassVar[str] = "basis_set_size"


class BasisSetSizeIncreaseMetric(StepMetric):
    """How many codes of each MAC are new in the step; an int for each MAC."""

    name: ClassVar[str] = "basis_set_size_increase"


class FeatureCoverageMetric(StepMetric):
    """The share of an input's features that reach each MAC through active MACs; the mean over the step.

    For a layer as a whole, as the spring-2024 version returns it, see `by_layer`.
    """

    name: ClassVar[str] = "feature_coverage"


class NumActivationsMetric(StepMetric):
    """For how many of the step's samples each MAC was active; an int for each MAC.

    Attributes:
        num_activations: the latest step's, without a reduction; None before the first.
    """

    name: ClassVar[str] = "num_activations"

    num_activations: list[list[int]] | None = None

    def initialize_activation_counts(self, layers: Sequence[Any]) -> None:
        """Set the counts to 0.

        Args:
            layers: as `LayerIOHook.get_layer_io` gives them.
        """
        self.num_activations = [[0] * num_macs(layer) for layer in layers]

    def compute(self, m: nn.Module, last_batch: Tensor, labels: Any, training: bool = True) -> Any:  # noqa: FBT001, FBT002 - as in the original
        """See `Metric.compute`."""
        value = super().compute(m, last_batch, labels, training)
        self.num_activations = self.by_mac
        return value


class InputsAndCodesMetric(StepMetric):
    """A metric that compares with training samples of earlier steps, with all of them unless told otherwise.

    Args:
        model: as of all metrics; `device`, `reduction`, `best_value` and `parameters` too.
        approximation_batch_size: compare with so many, drawn without bias and reproducibly (by the parameter
            `seed`); None: with all of them, as far as the definition goes.

    Raises:
        UsageError: an unknown reduction or parameter, or a size that is none; a ValueError.
        RecordError: the model has no layers of either version.
    """

    def __init__(
        self,
        model: nn.Module,
        device: torch.device | str | None = None,
        reduction: Any = None,
        best_value: Callable[[Any, Any], bool] | None = None,
        approximation_batch_size: int | None = None,
        **parameters: Any,
    ) -> None:
        """Put hooks on the model."""
        parameters = {"reference_size": approximation_batch_size, **parameters}
        super().__init__(model, device, reduction, best_value, **parameters)


class MatchAccuracyMetric(InputsAndCodesMetric):
    """How far each MAC's code in evaluation agrees with its code for the nearest training input.

    There is no value in training, or before it: then the lists of `compute` are empty, and single values None.
    """

    name: ClassVar[str] = "match_accuracy"
    _recalls = CODES_AND_ACTIVITY

    def get_normalized_hamming_distance(self, stored_code: Tensor, selected_code: Tensor) -> float:
        """The share of cells that agree; 1 for equal codes, in spite of the name.

        Args:
            stored_code: a code as cells, [Q, K] or of any shape.
            selected_code: another, of the same shape.
        """
        agrees = torch.as_tensor(stored_code) == torch.as_tensor(selected_code)
        return float(agrees.double().mean())

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


class SiscAdherenceMetric(InputsAndCodesMetric):
    """Do similar inputs get similar codes? The cosine of the two kinds of similarity to earlier training samples."""

    name: ClassVar[str] = "sisc_adherence"
    _recalls = EVERYTHING
