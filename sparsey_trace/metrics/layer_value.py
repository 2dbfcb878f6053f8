"""Layer value: a further value that was recorded of every MAC, such as its familiarity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from sparsey_trace.metrics.base import Context, SampleMetric, SampleValues
from sparsey_trace.metrics.parameters import check_choice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import Layout

LARGEST = 2.0**31
"""What isn't below it in size counts as no value: sums of larger ones wouldn't be exact."""


def names_of_any_layer(by_layer: Sequence[Sequence[str]]) -> list[str]:
    """The names of further values that MACs of any layer have, in order, of those of each layer.

    >>> names_of_any_layer([("g", "familiarity"), (), ("g",)])
    ['familiarity', 'g']
    """
    return sorted({name for names in by_layer for name in names})


@dataclass(frozen=True)
class LayerValue(SampleMetric[None]):
    """A further value of every MAC that was recorded, such as its familiarity.

    Means are over the samples for which a MAC was active. Source: `layer_value` in docs/metrics.md.

    Attributes:
        of: the name of the value; None for the only one, or the first by name, that a trace has.
        silent: what a sample for which the MAC is silent has: no value (`skip`), or what was recorded (`count`).

    Raises:
        UsageError: `silent` is neither.
    """

    name: ClassVar[str] = "layer_value"
    has_best: ClassVar[bool] = False
    values_require: ClassVar[frozenset[str]] = frozenset({"active", "values"})
    left_open: ClassVar[frozenset[str]] = frozenset({"of"})

    of: str | None = None
    silent: Literal["skip", "count"] = "skip"

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_choice(self, "silent", ("skip", "count"))

    @property
    def unit(self) -> str:
        """Of a figure in a summary: what the value is called."""
        return self.of or ""

    @property
    def column_units(self) -> dict[str, str]:
        """The column `value` holds it."""
        return {"value": self.unit}

    @property
    def may_lack(self) -> bool:
        """Where a MAC is silent, and where nothing was recorded."""
        return True

    def for_values(self, names: Sequence[str]) -> LayerValue:
        """Of the first of them, where none is named."""
        return replace(self, of=min(names)) if self.of is None and names else self

    def lacking(self, names: Sequence[str]) -> str:
        """The value, where it isn't one of them."""
        if self.of is None or self.of in names:
            return ""
        return f"the trace has no value {self.of} of its MACs, only {' and '.join(sorted(names))}"

    def values_stay(self, notes: Mapping[str, Any]) -> bool:
        """Nothing but the sample itself counts."""
        return True

    def values(self, chunk: Chunk, layout: Layout, context: Context) -> SampleValues:
        """What was recorded; nan where there is none."""
        return SampleValues(
            values=[self.of_layer(*of) for of in zip(chunk.values, chunk.active, strict=True)]
        )

    def of_layer(
        self, recorded: Mapping[str, NDArray[np.float32]], active: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        """[n, M] of a layer, of the values that were recorded by name, and of where its MACs were active [n, M]."""
        values = recorded.get(self.of or "")
        if values is None:
            return np.full(active.shape, np.nan, np.float32)
        known = np.abs(values) < LARGEST
        if self.silent == "skip":
            known &= active
        return np.where(known, values, np.float32(np.nan))
