"""How often codes came with labels: what is known of a layer's codes.

A fold keeps every pair of a code and a label, in the store of codes that basis set sizes have, the label as one word
more; so a code's counts by label are rows of one store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import DataError
from sparsey_trace.metrics.basis_set_size import code_words, winner_bits
from sparsey_trace.metrics.folding import spill
from sparsey_trace.metrics.state_checks import check_array, check_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import LayerLayout


@dataclass(frozen=True, eq=False, kw_only=True)
class CodeTally:
    """A layer's distinct pairs of a code and a label, MAC by MAC, each MAC's in the order in which they were seen.

    Attributes:
        codes: [C, W + 1] uint64, the code's winners in words, as basis set sizes keep them, and the label.
        ends: [M] int64, where those of each MAC end.
        count: [C] int64, how many samples showed each.
        first_step: [C] int64, the step that showed it first.
        last_step: [C] int64, the step that showed it last.
    """

    codes: NDArray[np.uint64]
    ends: NDArray[np.int64]
    count: NDArray[np.int64]
    first_step: NDArray[np.int64]
    last_step: NDArray[np.int64]

    @classmethod
    def empty(cls, layer: LayerLayout) -> CodeTally:
        """No codes at all."""
        none = np.empty(0, np.int64)
        codes = np.empty((0, code_words(layer) + 1), np.uint64)
        ends = np.zeros(layer.num_macs, np.int64)
        return cls(codes=codes, ends=ends, count=none, first_step=none, last_step=none)

    @property
    def winners(self) -> NDArray[np.uint64]:
        """[C, W], the codes alone."""
        return self.codes[:, :-1]

    @property
    def label(self) -> NDArray[np.int64]:
        """[C], the label of each; `NO_LABEL` where it isn't known."""
        return self.codes[:, -1].astype(np.int64)

    def check(self, layer: LayerLayout, samples: int) -> None:
        """See that it could be of the first so many samples of a run.

        Raises:
            DataError: it couldn't.
        """
        check_array(self.codes, "codes", dtype=np.uint64, shape=(None, code_words(layer) + 1))
        pairs, macs = len(self.codes), layer.num_macs
        check_array(
            self.ends, "ends", dtype=np.int64, shape=(macs,), lowest=0, below=pairs + 1, order="never falling"
        )
        check_number(int(self.ends[-1]), "the last end", lowest=pairs, highest=pairs)
        check_array(self.count, "count", dtype=np.int64, shape=(pairs,), lowest=1, below=samples + 1)
        for name in ("first_step", "last_step"):
            check_array(getattr(self, name), name, dtype=np.int64, shape=(pairs,), lowest=0)
        starts = np.zeros(pairs + 1, np.bool_)
        starts[self.ends] = True
        falls = self.first_step[1:] < self.first_step[:-1]
        if falls[~starts[1:-1]].any() or (self.last_step < self.first_step).any():
            msg = "first_step: expected steps that never fall for a MAC, up to last_step, found others"
            raise DataError(msg)

    def followed_by(self, later: CodeTally) -> CodeTally:
        """With what a later stretch of the run showed."""
        if not len(self.codes) or not len(later.codes):
            return self if len(self.codes) else later
        from sparsey_trace.kernels.basis import join

        size = len(self.codes) + len(later.codes)
        codes = spill.empty((size, self.codes.shape[1]), np.uint64)
        first, places = spill.empty((size,), np.int64), spill.empty((size,), np.int64)
        ends = join(self._shown, later._shown, codes, first, places)
        count, last = spill.empty((int(ends[-1]),), np.int64), spill.empty((int(ends[-1]),), np.int64)
        count[:] = 0
        # No pair stands in one part twice, so that each place is named once by either.
        for tally, at in ((self, places[: len(self.codes)]), (later, places[len(self.codes) :])):
            count[at] += tally.count
            last[at] = tally.last_step
        return CodeTally(
            codes=codes[: ends[-1]], ends=ends, count=count, first_step=first[: ends[-1]], last_step=last
        )

    @property
    def _shown(self) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]:
        """As kernels take codes."""
        return self.codes, self.first_step, self.ends


def tallies_of(chunk: Chunk, counted: NDArray[np.bool_]) -> tuple[CodeTally, ...]:
    """For each layer, the pairs that active MACs showed in those of a chunk's samples [n] that count."""
    return tuple(
        _tally(chunk, layer, codes, active & counted[:, None])
        for layer, codes, active in zip(chunk.layout.layers, chunk.codes, chunk.active, strict=True)
    )


def _tally(chunk: Chunk, layer: LayerLayout, codes: NDArray[Any], counted: NDArray[np.bool_]) -> CodeTally:
    from sparsey_trace.kernels.basis import tally

    (found, first, ends), count, last = tally(codes, winner_bits(layer), counted, chunk.label)
    return CodeTally(
        codes=found, ends=ends, count=count, first_step=chunk.step[first], last_step=chunk.step[last]
    )
