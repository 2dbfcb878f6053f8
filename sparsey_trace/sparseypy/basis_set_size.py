"""How many codes each MAC has."""

from __future__ import annotations

from typing import ClassVar

from sparsey_trace.sparseypy import spring
from sparsey_trace.sparseypy.by_sample import RepeatedByStep


class BasisSetSizeMetric(RepeatedByStep):
    """How many different codes each MAC has shown, active, in training so far.

    Spring: an int for each MAC. Final: the same for every sample of the step.
    """

    metric_name: ClassVar[str] = "basis_set_size"
    _spring_reductions: ClassVar[spring.Reductions] = {
        None: spring.as_they_are,
        "none": spring.as_they_are,
        "mean": spring.mean_of_each_layer,
        "sum": spring.sum_of_each_layer,
        "highest_layer": spring.highest_layer,
    }
