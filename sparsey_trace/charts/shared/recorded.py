"""Further values that were recorded of MACs, as charts show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.metrics.layer_value import LayerValue, names_of_any_layer
from sparsey_trace.tables.provenance import provenance_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sparsey_trace.charts.shared.run import Run

_AT_ONCE = 1 << 22
"""Values in memory."""


@dataclass(frozen=True)
class Recorded:
    """Reads what was recorded.

    Attributes:
        run: the run.
        metric: says of which value, and what silent MACs count for.
    """

    run: Run
    metric: LayerValue

    @property
    def name(self) -> str:
        """The value's name."""
        return self.metric.unit

    def of_layer(self, layer: int, samples: NDArray[np.int64]) -> NDArray[np.float32]:
        """[n, M] of a layer's MACs for these samples [n]; nan where there is none."""
        view = self.run.trace.layers[layer]
        return self.metric.of_layer(
            {name: values[samples] for name, values in view.values.items() if name == self.name},
            view.active[samples],
        )

    def parts(self, layer: int, samples: NDArray[np.int64]) -> Sequence[NDArray[np.int64]]:
        """The samples in parts of which the values fit into memory."""
        each = max(1, _AT_ONCE // self.run.layout.layers[layer].num_macs)
        return np.split(samples, range(each, len(samples), each))


def recorded(run: Run) -> Recorded | None:
    """Those that the table is of, or the first by name where there is no table; None where nothing was recorded."""
    names = names_of_any_layer(run.trace.value_names)
    made = provenance_in(run.tables.path(LayerValue.name)) if LayerValue.name in run.tables else None
    metric = LayerValue(**(made or {}).get("parameters", {})).for_values(names)
    return Recorded(run, metric) if metric.unit in names else None
