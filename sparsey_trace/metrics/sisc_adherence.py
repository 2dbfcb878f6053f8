"""SISC adherence: do similar inputs get similar codes?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from sparsey_trace.metrics.base import (
    EVERYTHING,
    Context,
    SampleMetric,
    SampleValues,
)
from sparsey_trace.metrics.drawn_samples import ComparesWithDrawn, Drawn, compared
from sparsey_trace.metrics.parameters import check_choice

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import Layout
    from sparsey_trace.metrics.similarity import CodeMeasure


CHANCE = "sisc_adherence_by_chance"


@dataclass(frozen=True)
class SiscAdherence(ComparesWithDrawn, SampleMetric[Drawn]):
    """The cosine between a sample's input similarities and code similarities to training samples.

    Over all training samples of earlier steps; 0 where there is none. By default exact in runs of up
    to 4,096 training samples, and against 128 drawn ones in longer runs. Source: `sisc_adherence` in
    docs/metrics.md.

    Attributes:
        reference_size: compare with so many training samples, drawn without bias; None for the
            default.
        seed: of the draw.
        similarity: of codes: `jaccard`, of their cells, or `intersection`, the share of winners that agree.

    Raises:
        UsageError: the size is not a whole number of at least 1, or there is no such similarity.
    """

    name: ClassVar[str] = "sisc_adherence"
    values_require: ClassVar[frozenset[str]] = EVERYTHING
    beside: ClassVar[dict[str, str]] = {CHANCE: "cosine"}
    told_chance: ClassVar[str] = CHANCE
    told_behind_training: ClassVar[bool] = True

    similarity: Literal["jaccard", "intersection"] = "jaccard"

    @property
    def unit(self) -> str:
        """Of a figure in a summary."""
        return "cosine"

    @property
    def cosines_of(self) -> CodeMeasure:
        """By which similarity."""
        return self.similarity

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        check_choice(self, "similarity", ("jaccard", "intersection"))

    def notes(self, result: tuple[Drawn, NDArray[np.int64]]) -> dict[str, Any]:
        """Whether the values are exact, and if not, how many samples they compare with."""
        return self.compared_with(result[0])

    def values_stay(self, notes: Mapping[str, Any]) -> bool:
        """But for the default's first draw, when the run grows too long to compare with all of it."""
        return self.reference_size is not None or notes.get("exact") is False

    def values(self, chunk: Chunk, layout: Layout, context: Context) -> SampleValues:
        """The cosine for each sample and MAC."""
        of = compared(self, chunk, layout, context)
        return SampleValues(values=of.cosines[self.similarity], beside={CHANCE: of.chances[self.similarity]})
