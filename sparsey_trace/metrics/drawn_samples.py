"""Training samples that others are compared with: all of them, or some that are drawn without bias."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sparsey_trace.layout import PHASES
from sparsey_trace.metrics.base import CODES_AND_ACTIVITY, Metric, Recall
from sparsey_trace.metrics.folding.draws import draw_samples, priorities
from sparsey_trace.metrics.parameters import check_sample_size
from sparsey_trace.metrics.similarity import ALIKE_BY_ZEROS, code_similarity
from sparsey_trace.metrics.state_checks import check_array, check_number, check_parts
from sparsey_trace.support.bitsets import packed_rows, words_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.kernels.code_pairs import PairCounts
    from sparsey_trace.kernels.input_pairs import InputPairs, Weighed
    from sparsey_trace.layout import LayerLayout, Layout
    from sparsey_trace.metrics.base import Context, Tally
    from sparsey_trace.metrics.similarity import CodeMeasure

EXACT_UP_TO = 4096
"""Training samples up to which the default compares with all of them."""

DRAWN_BEYOND = 128
"""How many of them the default draws in longer runs."""

_PAIRS = 1 << 19
"""Of a sample and a reference, worked on at once."""
_VALUES = 1 << 22
"""Of inputs that are looked up at once."""

BINS = 20
"""Of input similarity, equal ones of [0, 1]."""

_UNIT = 2.0**32

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
class ComparesWithDrawn(Metric[Drawn]):
    """The fold of metrics that compare samples with training samples of earlier steps; they share it.

    Attributes:
        reference_size: compare with so many training samples, drawn without bias; None for the default.
        seed: of the draw.

    Class attributes:
        counts_pairs: whether it asks for pairs to be counted.
    """

    partial_training: ClassVar[str] = "compared with recorded training samples only"
    of_numbers: ClassVar[str] = ALIKE_BY_ZEROS
    state_types: ClassVar[tuple[type, ...]] = (Drawn,)

    reference_size: int | None = None
    seed: int = 0

    counts_pairs: ClassVar[bool] = False

    @property
    def cosines_of(self) -> CodeMeasure | None:
        """The similarity of codes whose cosines with that of inputs it asks for; None for none."""
        return None

    def __post_init__(self) -> None:
        """Check the size."""
        check_sample_size(self, "reference_size")

    @property
    def fold_key(self) -> Hashable:
        """Shared by all that draw the same samples."""
        return ("training samples", self.reference_size, self.seed)

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

    def compared_with(self, drawn: Drawn) -> dict[str, Any]:
        """Whether that is all training samples, and if not, how many of how many."""
        seen = drawn.seen
        size = self._size(seen)
        exact = size is None or size >= seen
        return (
            {"exact": exact} if exact else {"exact": False, "reference_size": size, "training_samples": seen}
        )

    def pairs(self, asked: int, trained: int) -> int:
        """Each with all that are drawn."""
        size = self._size(trained)
        return asked * (trained if size is None else min(trained, size))

    def _size(self, seen: int) -> int | None:
        if self.reference_size is not None:
            return self.reference_size
        return None if seen <= EXACT_UP_TO else DRAWN_BEYOND

    def _draw(self, drawn: Drawn) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        size = self._size(drawn.seen)
        if size is None:
            return draw_samples(np.zeros(len(drawn.sample), np.uint64), drawn.step, None)
        return draw_samples(priorities(drawn.sample, self.seed), drawn.step, size)


@dataclass(frozen=True, eq=False)
class References:
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
    def of(cls, drawn: Drawn, until: NDArray[np.int64], recall: Recall) -> References:
        """Look up the samples drawn."""
        found = recall(drawn.sample, CODES_AND_ACTIVITY)
        return cls(drawn.step, until, _recalled_bits(drawn.sample, recall), found.codes, found.active)

    def pairs_with(self, chunk: Chunk) -> InputPairs:
        """The pairs of a chunk's samples and these references."""
        from sparsey_trace.kernels.input_pairs import InputPairs

        return InputPairs.of(words_of(chunk.on_bits), chunk.step, self.bits, self.step, self.until)


@dataclass(frozen=True, eq=False)
class Compared:
    """What a comparison of a chunk's samples with references came to.

    Attributes:
        cosines: for each similarity of codes that a metric asks for, per layer [n, M].
        chances: the same by chance: if the codes had gone to the references' inputs at random.
        counts: per layer [phases, M, bins, Q + 1], pairs by the bin of their inputs and the CMs that agree; zeros where
            no metric asks for them.
    """

    cosines: dict[CodeMeasure, list[NDArray[np.float64]]]
    chances: dict[CodeMeasure, list[NDArray[np.float64]]]
    counts: Tally

    def part(self, samples: slice) -> Compared:
        """Views of some samples' values, and the same counts."""
        cosines, chances = (
            {of: [values[samples] for values in layers] for of, layers in found.items()}
            for found in (self.cosines, self.chances)
        )
        return Compared(cosines, chances, self.counts)


def no_counts(layout: Layout) -> Tally:
    """`Compared.counts` where there is no pair."""
    return tuple(
        np.zeros((len(PHASES), layer.num_macs, BINS, layer.num_cms + 1), np.int64) for layer in layout.layers
    )


def compared(metric: ComparesWithDrawn, chunk: Chunk, layout: Layout, context: Context) -> Compared:
    """What a metric asks of a chunk, made together with what others ask of it that draw the same samples."""
    asking = [one for one in context.memo.metrics if isinstance(one, ComparesWithDrawn)] or [metric]
    return context.memo.once_of(chunk, "compared", lambda: _compare(asking, chunk, layout, context))


def _compare(asking: Sequence[ComparesWithDrawn], chunk: Chunk, layout: Layout, context: Context) -> Compared:
    measures = {metric.cosines_of for metric in asking} - {None}
    shapes = [(len(chunk), layer.num_macs) for layer in layout.layers]
    nothing, by_chance = (
        {of: [np.zeros(shape) for shape in shapes] for of in measures if of} for _ in range(2)
    )
    found = Compared(nothing, by_chance, no_counts(layout))
    drawn, until = context.result
    if not len(drawn.sample):
        return found
    references = context.memo.once("references", lambda: References.of(drawn, until, context.recall))
    size, wanted = _block(len(drawn.sample)), any(metric.counts_pairs for metric in asking)
    for start in range(0, len(chunk), size):
        part = slice(start, start + size)
        _compare_block(references, chunk[part], found.part(part), counts=wanted)
    return found


def _compare_block(references: References, chunk: Chunk, found: Compared, *, counts: bool) -> None:
    """Write cosines, and add to counts if these are wanted, of samples that have a bounded number of pairs."""
    from sparsey_trace.kernels.code_pairs import PairCounts, count_pairs
    from sparsey_trace.kernels.ranked import ranked

    pairs = references.pairs_with(chunk)
    bins = pairs.bins(BINS) if counts else None
    weighed = pairs.weighed(_UNIT) if found.cosines else None
    for number, layer in enumerate(chunk.layout.layers):
        own, others = ranked(chunk.codes[number], references.codes[number])
        codes = own, chunk.active[number], others, references.active[number]
        counted = None if bins is None else PairCounts(chunk.phase, bins, found.counts[number])
        for measure, values in found.cosines.items():
            assert weighed is not None
            cosines, chances = _cosines(codes, layer, measure, pairs, weighed, counted)
            values[number][:], found.chances[measure][number][:] = cosines, chances
            counted = None  # They are counted once.
        if counted is not None:
            count_pairs(*codes, pairs, counted)


def _cosines(
    codes: tuple[NDArray[Any], NDArray[np.bool_], NDArray[Any], NDArray[np.bool_]],
    layer: LayerLayout,
    measure: CodeMeasure,
    pairs: InputPairs,
    weighed: Weighed,
    counted: PairCounts | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    from sparsey_trace.kernels.adherence import cosines
    from sparsey_trace.kernels.cosines_and_counts import cosines_and_counts

    levels = layer.num_cms + 1
    ones = np.ones(levels, np.bool_)
    alike = code_similarity(layer, measure, agreeing=np.arange(levels), active=ones, other=ones)
    given = *codes, pairs, weighed, alike, _SMALLEST_NORM
    return cosines(*given) if counted is None else cosines_and_counts(*given, counted)


def _block(references: int) -> int:
    """How many samples have a bounded number of pairs with so many references."""
    from sparsey_trace.kernels.ranked import MOST_SAMPLES

    return min(MOST_SAMPLES, max(1, _PAIRS // references))


def _recalled_bits(samples: NDArray[np.int64], recall: Recall) -> NDArray[np.uint64]:
    """[r, W], what is on in the inputs of samples [r]; a few at a time, as inputs may be wide."""
    start, size, bits = 0, 1, np.empty((0, 0), np.uint8)
    while start < len(samples):
        inputs = recall(samples[start : start + size], frozenset({"inputs"})).inputs
        assert inputs is not None
        if not start:
            bits = np.zeros((len(samples), -(-inputs.shape[1] // 64) * 8), np.uint8)
        packed = packed_rows(inputs != 0)
        bits[start : start + size, : packed.shape[1]] = packed
        start += size
        size = max(1, _VALUES // inputs.shape[1])
    return bits.view(np.uint64)
