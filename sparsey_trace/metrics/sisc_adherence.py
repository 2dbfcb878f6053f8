"""SISC adherence: do similar inputs get similar codes?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sparsey_trace.metrics.base import EVERYTHING, Context, Rows, SampleMetric
from sparsey_trace.metrics.draws import draw, priorities
from sparsey_trace.metrics.parameters import check_size
from sparsey_trace.metrics.similarity import code_similarity, input_similarity, shared_features

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sparsey_trace.layout import Chunk, LayerLayout, Layout

EXACT_UP_TO = 4096
"""Training samples up to which the default compares with all of them."""

DRAWN_BEYOND = 128
"""How many of them the default draws in longer runs."""

_UNIT = 2.0**32
_PAIRS = 1 << 17
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

    Raises:
        UsageError: the size is not a whole number of at least 1.
    """

    name: ClassVar[str] = "sisc_adherence"
    rows_require: ClassVar[frozenset[str]] = EVERYTHING
    partial_training: ClassVar[str] = "compared with recorded training samples only"
    state_types: ClassVar[tuple[type, ...]] = (Drawn,)

    reference_size: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_size(self, "reference_size")

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
            return draw(np.zeros(len(drawn.sample), np.uint64), drawn.step, None)
        return draw(priorities(drawn.sample, self.seed), drawn.step, size)

    def rows_stay(self, notes: Mapping[str, Any]) -> bool:
        """But for the default's first draw, when the run grows too long to compare with all of it."""
        return self.reference_size is not None or notes.get("exact") is False

    def rows(self, chunk: Chunk, layout: Layout, context: Context) -> Rows:
        """The cosine for each sample and MAC."""
        drawn, until = context.result
        if not len(drawn.sample):
            return Rows(values=[np.zeros((len(chunk), layer.num_macs)) for layer in layout.layers])
        if "references" not in context.memo:
            context.memo["references"] = context.recall(drawn.sample, EVERYTHING)
        references = context.memo["references"]
        serves = (drawn.step < chunk.step[:, None]) & (chunk.step[:, None] <= until)
        alike = np.where(serves, _input_similarities(chunk.on, references.inputs != 0), 0.0)
        # Whole numbers of 2^-32: their sums are exact, and so don't depend on how they are added.
        weights = np.rint(alike * _UNIT)
        norm = np.sqrt(np.rint(alike * alike * _UNIT).sum(axis=1) / _UNIT)
        values = []
        for index, layer in enumerate(layout.layers):
            codes, active = chunk.codes[index], chunk.active[index]
            old = np.ascontiguousarray(references.codes[index].transpose(2, 1, 0))
            old_active = np.ascontiguousarray(references.active[index].T)
            cosines = np.empty(active.shape)
            for part in _blocks(len(chunk), layer.num_macs * len(drawn.sample)):
                early = slice(int(np.searchsorted(drawn.step, chunk.step[part][-1])))
                cosines[part] = _cosines(
                    layer,
                    codes=codes[part],
                    old_codes=old[:, :, early],
                    both=active[part][:, :, None] & old_active[:, early] & serves[part][:, None, early],
                    weights=weights[part, early],
                    norm=norm[part],
                )
            values.append(cosines)
        return Rows(values=values)


def _blocks(samples: int, pairs_each: int) -> list[slice]:
    size = max(1, _PAIRS // pairs_each)
    return [slice(start, start + size) for start in range(0, samples, size)]


def _input_similarities(on: NDArray[np.bool_], other: NDArray[np.bool_]) -> NDArray[np.float64]:
    sizes = np.count_nonzero(on, axis=1), np.count_nonzero(other, axis=1)
    return input_similarity(shared_features(on, other), *sizes)


def _cosines(
    layer: LayerLayout,
    *,
    codes: NDArray[Any],
    old_codes: NDArray[Any],
    both: NDArray[np.bool_],
    weights: NDArray[np.float64],
    norm: NDArray[np.float64],
) -> NDArray[np.float64]:
    agreeing = np.zeros(both.shape, np.uint8 if layer.num_cms < 256 else np.uint32)
    for cm, winners in enumerate(old_codes):
        agreeing += codes[:, :, cm, None] == winners
    agreeing *= both
    # Code similarity has only Q + 1 values: sum what goes with each, exactly, before multiplying.
    levels = layer.num_cms + 1
    lines = both.shape[0] * both.shape[1]
    bins = (agreeing.reshape(lines, -1) + np.arange(0, lines * levels, levels)[:, None]).ravel()
    spread = np.broadcast_to(weights[:, None, :], both.shape).ravel()
    sums = np.bincount(bins, spread, lines * levels).reshape(lines, levels)
    counts = np.bincount(bins, minlength=lines * levels).reshape(lines, levels)
    ones = np.ones(levels, np.bool_)
    alike = code_similarity(layer, "jaccard", agreeing=np.arange(levels), active=ones, other=ones)
    dot, square = np.zeros(lines), np.zeros(lines)
    for level in range(1, levels):
        dot += alike[level] * (sums[:, level] / _UNIT)
        square += alike[level] ** 2 * counts[:, level]
    length = np.maximum(np.sqrt(square), _SMALLEST_NORM).reshape(both.shape[:2])
    return np.asarray(dot.reshape(both.shape[:2]) / (length * np.maximum(norm, _SMALLEST_NORM)[:, None]))
