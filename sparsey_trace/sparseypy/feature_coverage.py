"""The share of an input that reaches MACs."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch

from sparsey_trace.sparseypy import spring
from sparsey_trace.sparseypy.by_sample import BySample


class FeatureCoverageMetric(BySample):
    """The share of an input's features that is reached through active MACs.

    Spring: by each layer as a whole, a tensor [L, B] float32. Final: by each MAC.
    """

    metric_name: ClassVar[str] = "feature_coverage"
    _spring_reductions: ClassVar[spring.Reductions] = {
        None: spring.as_they_are,
        "none": spring.as_they_are,
        "mean": spring.tensor_mean,
        "sum": spring.tensor_sum,
        "highest_layer": spring.highest_layer,
    }

    def _spring_values(self) -> Any:
        assert self.sample_values is not None
        assert self.sample_values.layer_values is not None
        shares = np.stack(list(self.sample_values.layer_values)).astype(np.float32)
        return torch.from_numpy(shares).to(self.device)
