"""How many codes of each MAC are new."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from sparsey_trace.sparseypy import spring
from sparsey_trace.sparseypy.by_sample import RepeatedByStep


class BasisSetSizeIncreaseMetric(RepeatedByStep):
    """How many codes of each MAC are new in the step.

    Spring: for each layer a numpy array, [M] int64. The final version has no such metric; here values look like those
    of basis_set_size there.
    """

    metric_name: ClassVar[str] = "basis_set_size_increase"
    _spring_reductions: ClassVar[spring.Reductions] = {
        None: spring.as_they_are,
        "none": spring.as_they_are,
        "mean": spring.array_means,
        "sum": spring.array_sums,
        "highest_layer": spring.highest_layer,
    }

    def _spring_values(self) -> Any:
        return [np.array(layer, np.int64) for layer in self.by_mac]
