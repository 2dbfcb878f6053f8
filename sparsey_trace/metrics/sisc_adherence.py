"""SISC adherence: do similar inputs get similar codes?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from sparsey_trace.metrics.base import (
    EVERYTHING,
    Context,
    SampleMetric,
    SampleValues,
)
from sparsey_trace.metrics.drawn_samples import ComparesWithDrawn, Drawn, References, in_blocks
from sparsey_trace.metrics.parameters import check_choice
from sparsey_trace.metrics.similarity import code_similarity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import Layout
    from sparsey_trace.metrics.similarity import CodeMeasure

_UNIT = 2.0**32

_SMALLEST_NORM = 1e-8


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

    similarity: Literal["jaccard", "intersection"] = "jaccard"

    @property
    def unit(self) -> str:
        """Of a figure in a summary."""
        return "cosine"

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
        drawn, until = context.result
        if not len(drawn.sample):
            return SampleValues(values=[np.zeros((len(chunk), layer.num_macs)) for layer in layout.layers])
        references = context.memo.once("references", lambda: References.of(drawn, until, context.recall))
        values = [np.empty((len(chunk), layer.num_macs)) for layer in layout.layers]
        done = 0
        for part in in_blocks(chunk, len(drawn.sample)):
            for found, cosines in zip(values, _cosines(references, part, self.similarity), strict=True):
                found[done : done + len(part)] = cosines
            done += len(part)
        return SampleValues(values=values)


def _cosines(references: References, chunk: Chunk, similarity: CodeMeasure) -> Iterator[NDArray[np.float64]]:
    """Per layer [n, M], for the chunk's samples."""
    from sparsey_trace.kernels.adherence import cosines
    from sparsey_trace.kernels.ranked import ranked

    pairs = references.pairs_with(chunk)
    weights, norm = pairs.weights(_UNIT)
    for layer, codes, active, old_codes, old_active in zip(
        chunk.layout.layers, chunk.codes, chunk.active, references.codes, references.active, strict=True
    ):
        levels = layer.num_cms + 1
        own, others = ranked(codes, old_codes)
        ones = np.ones(levels, np.bool_)
        yield cosines(
            own,
            active,
            others,
            old_active,
            pairs,
            weights,
            _UNIT,
            norm,
            code_similarity(layer, similarity, agreeing=np.arange(levels), active=ones, other=ones),
            _SMALLEST_NORM,
        )
