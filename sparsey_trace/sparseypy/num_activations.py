"""For how many samples of a step each MAC was active."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sparsey_trace.sparseypy import spring
from sparsey_trace.sparseypy.by_sample import BySample
from sparsey_trace.sparseypy.wiring import num_macs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.sparseypy.past import Past


class NumActivationsMetric(BySample):
    """For how many samples of the step each MAC was active.

    Spring: a float for each MAC. Final: 1 or 0 for each sample and MAC.

    Attributes:
        num_activations: the latest step's, a list for each layer with a float for each MAC; None before the first.
    """

    metric_name: ClassVar[str] = "num_activations"
    _spring_reductions: ClassVar[spring.Reductions] = {
        None: spring.as_they_are,
        "none": spring.as_they_are,
        "layerwise_mean": spring.mean_of_each_layer,
        "mean": spring.mean_of_all,
        "sum": spring.sum_of_all,
        "highest_layer": spring.highest_layer,
    }
    _spring_other = staticmethod(spring.mean_of_all)

    num_activations: list[list[float]] | None = None

    def initialize_activation_counts(self, layers: Sequence[Any]) -> None:
        """Set the counts to 0.

        Args:
            layers: as `LayerIOHook.get_layer_io` gives them.
        """
        self.num_activations = [[0.0] * num_macs(layer) for layer in layers]

    def _measure(self, chunk: Chunk, past: Past[Any]) -> None:
        super()._measure(chunk, past)
        self.num_activations = [list(map(float, layer)) for layer in self.by_mac]

    def _spring_values(self) -> Any:
        return self.num_activations
