"""SISC adherence: do similar inputs get similar codes?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from sparsey_trace.metrics.base import (
    CODES_AND_ACTIVITY,
    EVERYTHING,
    Context,
    Recall,
    SampleMetric,
    SampleValues,
)
from sparsey_trace.metrics.folding.draws import draw_samples, priorities
from sparsey_trace.metrics.parameters import check_choice, check_sample_size
from sparsey_trace.metrics.similarity import code_similarity
from sparsey_trace.metrics.state_checks import check_array, check_number, check_parts
from sparsey_trace.support.bitsets import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import Layout
    from sparsey_trace.metrics.similarity import CodeMeasure

EXACT_UP_TO = 4096
"""Training samples up to which the default compares with all of them."""

DRAWN_BEYOND = 128
"""How many of them the default draws in longer runs."""

_UNIT = 2.0**32
_PAIRS = 1 << 20
"""Of a sample and a reference, worked on at once."""
_VALUES = 1 << 22
"""Of inputs that are looked up at once."""

_SMALLEST_NORM = 1e-8


@dataclass(frozen=True, eq=False)
class Drawn:
    """Training samples that are, or may be, compared with.

    Attributes:
        sample: [r] int64, ascending.
        step: [r] int64, their steps.
        seen: how many training samples they were drawn from.
    """

    sample: NDArray[np.int64]
    step: NDArray[np.int64]
    seen: int


@dataclass(frozen=True)
class SiscAdherence(SampleMetric[Drawn]):
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
    partial_training: ClassVar[str] = "compared with recorded training samples only"
    state_types: ClassVar[tuple[type, ...]] = (Drawn,)

    reference_size: int | None = None
    seed: int = 0
    similarity: Literal["jaccard", "intersection"] = "jaccard"

    @property
    def unit(self) -> str:
        """Of a figure in a summary."""
        return "cosine"

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_choice(self, "similarity", ("jaccard", "intersection"))
        check_sample_size(self, "reference_size")

    def init(self, layout: Layout) -> Drawn:
        """No samples yet."""
        return Drawn(np.empty(0, np.int64), np.empty(0, np.int64), 0)

    def update(self, state: Drawn, chunk: Chunk) -> Drawn:
        """Consider the chunk's training samples."""
        train = chunk.is_train
        return self.merge(state, Drawn(chunk.sample[train], chunk.step[train], int(np.count_nonzero(train))))

    def merge(self, earlier: Drawn, later: Drawn) -> Drawn:
        """Drop the samples that can't be drawn any more."""
        joined = Drawn(
            np.concatenate([earlier.sample, later.sample]),
            np.concatenate([earlier.step, later.step]),
            earlier.seen + later.seen,
        )
        chosen, _ = self._draw(joined)
        return Drawn(joined.sample[chosen], joined.step[chosen], joined.seen)

    def check_state(self, state: Any, layout: Layout, samples: int) -> None:
        """Samples in order, and their steps."""
        check_parts(state, "samples", Drawn)
        check_array(
            state.sample, "sample", dtype=np.int64, shape=(None,), lowest=0, below=samples, order="rising"
        )
        count = len(state.sample)
        check_array(state.step, "step", dtype=np.int64, shape=(count,), order="never falling")
        check_number(state.seen, "seen", lowest=count, highest=samples)

    def finalize(self, state: Drawn, layout: Layout) -> tuple[Drawn, NDArray[np.int64]]:
        """The samples to compare with, and the last step that each serves."""
        return state, self._draw(state)[1]

    def notes(self, result: tuple[Drawn, NDArray[np.int64]]) -> dict[str, Any]:
        """Whether the values are exact, and if not, how many samples they compare with."""
        seen = result[0].seen
        size = self._size(seen)
        exact = size is None or size >= seen
        return (
            {"exact": exact} if exact else {"exact": False, "reference_size": size, "training_samples": seen}
        )

    def _size(self, seen: int) -> int | None:
        if self.reference_size is not None:
            return self.reference_size
        return None if seen <= EXACT_UP_TO else DRAWN_BEYOND

    def _draw(self, drawn: Drawn) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        size = self._size(drawn.seen)
        if size is None:
            return draw_samples(np.zeros(len(drawn.sample), np.uint64), drawn.step, None)
        return draw_samples(priorities(drawn.sample, self.seed), drawn.step, size)

    def values_stay(self, notes: Mapping[str, Any]) -> bool:
        """But for the default's first draw, when the run grows too long to compare with all of it."""
        return self.reference_size is not None or notes.get("exact") is False

    def values(self, chunk: Chunk, layout: Layout, context: Context) -> SampleValues:
        """The cosine for each sample and MAC."""
        drawn, until = context.result
        if not len(drawn.sample):
            return SampleValues(values=[np.zeros((len(chunk), layer.num_macs)) for layer in layout.layers])
        references = context.memo.once("references", lambda: _References.of(drawn, until, context.recall))
        values = [np.empty((len(chunk), layer.num_macs)) for layer in layout.layers]
        size = max(1, _PAIRS // len(drawn.sample))
        for start in range(0, len(chunk), size):
            part = slice(start, start + size)
            for found, cosines in zip(values, references.cosines(chunk[part], self.similarity), strict=True):
                found[part] = cosines
        return SampleValues(values=values)


@dataclass(frozen=True, eq=False)
class _References:
    """What samples are compared with.

    Attributes:
        step: [r] int64, their steps.
        until: [r] int64, the last step that each serves.
        bits: [r, W] uint64, the features that are on.
        codes: per layer [r, M, Q].
        active: per layer [r, M] bool.
    """

    step: NDArray[np.int64]
    until: NDArray[np.int64]
    bits: NDArray[np.uint64]
    codes: tuple[NDArray[Any], ...]
    active: tuple[NDArray[np.bool_], ...]

    @classmethod
    def of(cls, drawn: Drawn, until: NDArray[np.int64], recall: Recall) -> _References:
        """Look up the samples drawn."""
        found = recall(drawn.sample, CODES_AND_ACTIVITY)
        return cls(drawn.step, until, _recalled_bits(drawn.sample, recall), found.codes, found.active)

    def cosines(self, chunk: Chunk, similarity: CodeMeasure) -> Iterator[NDArray[np.float64]]:
        """Per layer [n, M], for the chunk's samples."""
        from sparsey_trace.kernels.adherence import cosines, weigh

        weights, norm = weigh(_bits(chunk.inputs), chunk.step, self.bits, self.step, self.until, _UNIT)
        for layer, codes, active, old_codes, old_active in zip(
            chunk.layout.layers, chunk.codes, chunk.active, self.codes, self.active, strict=True
        ):
            levels = layer.num_cms + 1
            ones = np.ones(levels, np.bool_)
            yield cosines(
                codes,
                active,
                chunk.step,
                old_codes,
                old_active,
                self.step,
                self.until,
                weights,
                _UNIT,
                norm,
                code_similarity(layer, similarity, agreeing=np.arange(levels), active=ones, other=ones),
                _SMALLEST_NORM,
            )


def _recalled_bits(samples: NDArray[np.int64], recall: Recall) -> NDArray[np.uint64]:
    """[r, W], what is on in the inputs of samples [r]; a few at a time, as inputs may be wide."""
    found = []
    start, size = 0, 1
    while start < len(samples):
        inputs = recall(samples[start : start + size], frozenset({"inputs"})).inputs
        assert inputs is not None
        found.append(_bits(inputs))
        start += size
        size = max(1, _VALUES // inputs.shape[1])
    return np.concatenate(found)


def _bits(inputs: Any) -> NDArray[np.uint64]:
    return words_of(np.packbits(inputs != 0, axis=1))
