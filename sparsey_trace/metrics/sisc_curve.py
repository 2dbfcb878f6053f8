"""SISC curve: how alike codes are, by how alike inputs are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sparsey_trace.layout import PHASES
from sparsey_trace.metrics.base import EVERYTHING, Tally, TallyMetric
from sparsey_trace.metrics.columns import as_table, column, joined, phase_column
from sparsey_trace.metrics.drawn_samples import BINS, ComparesWithDrawn, Drawn, compared, no_counts

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import LayerLayout, Layout
    from sparsey_trace.metrics.base import Context

_NOTES = b"notes"
"""Where a table says what it compares with, until its file says it in its notes."""


@dataclass(frozen=True)
class SiscCurve(ComparesWithDrawn, TallyMetric[Drawn]):
    """How many winners of two codes agree, by how alike their inputs are: the mean, its spread, and the pairs.

    Pairs of a sample and a training sample of an earlier step, for both of which the MAC is active. By default of all
    in runs of up to 4,096 training samples, and with 128 drawn ones in longer runs.
    Source: `sisc_curve` in docs/metrics.md.

    Attributes:
        reference_size: compare with so many training samples, drawn without bias; None for the default.
        seed: of the draw.

    Raises:
        UsageError: the size is not a whole number of at least 1.
    """

    name: ClassVar[str] = "sisc_curve"
    values_require: ClassVar[frozenset[str]] = EVERYTHING
    resolutions: ClassVar[tuple[str, ...]] = ("step", "epoch", "run")
    units: ClassVar[dict[str, str]] = {
        "similarity": "Jaccard similarity of the inputs, the lower end of its bin",
        "pairs": "pairs of samples",
        "mean": "share of winners that agree",
        "std": "share of winners that agree",
    }
    has_best: ClassVar[bool] = False
    counts_pairs: ClassVar[bool] = True
    partial_training: ClassVar[str] = "compared with recorded training samples only"
    state_types: ClassVar[tuple[type, ...]] = (Drawn,)

    reference_size: int | None = None
    seed: int = 0

    def no_tally(self, layout: Layout) -> Tally:
        """For each layer [phases, M, bins, Q + 1] pairs by the CMs that agree."""
        return no_counts(layout)

    def tally(self, chunk: Chunk, layout: Layout, context: Context) -> Tally:
        """Count the chunk's pairs."""
        return compared(self, chunk, layout, context).counts

    def table(self, tally: Tally, result: Any, layout: Layout) -> pa.Table:
        """A row for each bin of each MAC, in each phase that has a pair."""
        tables = [
            _table(counts[phase], phase, number, layer)
            for phase in range(len(PHASES))
            if any(counts[phase].any() for counts in tally)
            for number, (counts, layer) in enumerate(zip(tally, layout.layers, strict=True))
        ]
        none = _table(tally[0][0], 0, 0, layout.layers[0]).slice(0, 0)
        made = joined(tables or [none])
        return made.replace_schema_metadata({_NOTES: json.dumps(self.compared_with(result[0]))})

    def notes(self, result: pa.Table) -> dict[str, Any]:
        """Whether all pairs were counted, and if not, how many samples were compared with."""
        found: dict[str, Any] = json.loads(result.schema.metadata[_NOTES])
        return found


def _table(counts: NDArray[np.int64], phase: int, number: int, layer: LayerLayout) -> pa.Table:
    """The rows of one layer and phase, from pairs [M, bins, Q + 1] by how many CMs agree."""
    level = np.arange(layer.num_cms + 1)
    pairs = counts.sum(axis=2).ravel()
    total, squares = (counts @ level).ravel(), (counts @ level**2).ravel()
    known = np.maximum(pairs, 1)
    mean = total / known
    # Whole numbers of any size, so that nothing is lost where all pairs are alike.
    spread = squares.astype(object) * pairs - total.astype(object) ** 2
    std = np.sqrt(spread.astype(np.float64)) / known
    rows, nothing = layer.num_macs * BINS, pairs == 0
    return as_table(
        {
            "phase": phase_column(np.full(rows, phase)),
            "layer": column(np.full(rows, number, np.int16)),
            "mac": column(np.repeat(np.arange(layer.num_macs, dtype=np.int32), BINS)),
            "similarity": column(np.tile((np.arange(BINS) / BINS).astype(np.float32), layer.num_macs)),
            "pairs": column(pairs),
            "mean": column((mean / layer.num_cms).astype(np.float32), null=nothing),
            "std": column((std / layer.num_cms).astype(np.float32), null=nothing),
        }
    )
