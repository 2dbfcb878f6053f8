"""Do similar inputs get similar codes?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sparsey_trace.metrics.base import EVERYTHING
from sparsey_trace.sparseypy.inputs_and_codes_metric import InputsAndCodesMetric
from sparsey_trace.sparseypy.num_activations import NumActivationsMetric
from sparsey_trace.sparseypy.online import Generation

if TYPE_CHECKING:
    from collections.abc import Mapping


class SiscAdherenceMetric(InputsAndCodesMetric):
    """The cosine of the similarities of inputs, and those of codes, to earlier training samples.

    Final: for each sample and MAC. Spring 2024 has no such metric; here values look like those of num_activations
    there: the step's mean for each MAC.
    """

    metric_name: ClassVar[str] = "sisc_adherence"
    _spring_reductions = NumActivationsMetric._spring_reductions
    _spring_other = NumActivationsMetric._spring_other
    _own_parameters: ClassVar[Mapping[Generation, Mapping[str, Any]]] = {
        Generation.FINAL: {"reference_size": 64}
    }
    _recalls = EVERYTHING
