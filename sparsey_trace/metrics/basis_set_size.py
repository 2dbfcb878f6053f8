"""Basis set size: how many codes a MAC has learnt, and how many of them are new.

The fold keeps every code of every MAC, whole, with the first training sample that showed it; both the size
at any moment and its increase are counts of those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sparsey_trace.errors import DataError
from sparsey_trace.layout import TRAIN
from sparsey_trace.metrics.base import (
    CODES_AND_ACTIVITY,
    Best,
    Context,
    OverSamples,
    SampleMetric,
    SampleValues,
)
from sparsey_trace.metrics.folding import spill
from sparsey_trace.metrics.state_checks import check_array, check_number, check_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import LayerLayout, Layout

CodeSets = tuple["NDArray[np.uint64]", "NDArray[np.int64]", "NDArray[np.int64]"]
"""A layer's distinct codes [C, W], their winners' bits packed into words, MAC by MAC, each MAC's in the order in
which they were seen; the sample [C] that showed each first; and where those of each MAC end [M]."""


@dataclass(frozen=True)
class BasisSetSize(SampleMetric[tuple[CodeSets, ...]]):
    """How many distinct codes each MAC has emitted, active, in training so far.

    Source: `basis_set_size` in docs/metrics.md. Exact for every code length.
    """

    name: ClassVar[str] = "basis_set_size"
    requires: ClassVar[frozenset[str]] = CODES_AND_ACTIVITY
    best: ClassVar[Best] = "lowest"
    over_samples: ClassVar[OverSamples] = "last"
    counts: ClassVar[bool] = True
    has_best: ClassVar[bool] = False
    summary_phases: ClassVar[tuple[int, ...]] = (TRAIN,)
    partial_training: ClassVar[str] = "a lower bound: codes that only unrecorded steps showed are not counted"

    @property
    def unit(self) -> str:
        """Of a figure in a summary."""
        return "codes"

    @property
    def fold_key(self) -> str:
        """Shared by the size and its increase."""
        return "codes seen"

    def init(self, layout: Layout) -> tuple[CodeSets, ...]:
        """No codes at all."""
        return tuple(
            (
                np.empty((0, code_words(layer)), np.uint64),
                np.empty(0, np.int64),
                np.zeros(layer.num_macs, np.int64),
            )
            for layer in layout.layers
        )

    def update(self, state: tuple[CodeSets, ...], chunk: Chunk) -> tuple[CodeSets, ...]:
        """Add the codes of the chunk's training samples."""
        from sparsey_trace.kernels.basis import learn

        train = chunk.is_train[:, None]
        new = (
            learn(codes, winner_bits(layer), active & train, chunk.start)
            for layer, codes, active in zip(chunk.layout.layers, chunk.codes, chunk.active, strict=True)
        )
        return self.merge(state, tuple(new))

    def merge(self, earlier: tuple[CodeSets, ...], later: tuple[CodeSets, ...]) -> tuple[CodeSets, ...]:
        """Keep the first sample of every code."""
        for codes, first, ends in (*earlier, *later):
            if not len(codes) == len(first) == ends[-1] or (np.diff(ends, prepend=0) < 0).any():
                msg = f"codes: expected as many as their MACs have ({ends[-1]}), found {len(codes)} of {len(first)}"
                raise DataError(msg)
        return tuple(
            old if not len(new[0]) else new if not len(old[0]) else _joined(old, new)
            for old, new in zip(earlier, later, strict=True)
        )

    def check_state(self, state: Any, layout: Layout, samples: int) -> None:
        """Each layer's codes, the samples that showed them first, and where those of each MAC end."""
        check_parts(state, "layers", tuple, count=len(layout.layers))
        for found, layer in zip(state, layout.layers, strict=True):
            check_parts(found, layer.name, tuple, count=3)
            _check_codes(found, layer, samples)

    def finalize(self, state: tuple[CodeSets, ...], layout: Layout) -> list[tuple[Any, Any]]:
        """Per layer, MAC by MAC: the samples [C] that showed a new code, and where those of each MAC end [M]."""
        return [(first, ends) for _, first, ends in state]

    def sizes(self, state: tuple[CodeSets, ...]) -> list[NDArray[np.int64]]:
        """Per layer [M]: the sizes after all that the state has seen."""
        return [np.diff(ends, prepend=0) for _, _, ends in state]

    def values_stay(self, notes: Mapping[str, Any]) -> bool:
        """Codes that come later count later."""
        return True

    def values(self, chunk: Chunk, layout: Layout, context: Context) -> SampleValues:
        """The size after each sample."""
        from sparsey_trace.kernels.basis import count_known

        return SampleValues(
            values=[count_known(first, ends, chunk.start, len(chunk)) for first, ends in context.result]
        )


@dataclass(frozen=True)
class BasisSetSizeIncrease(BasisSetSize):
    """How many codes of each MAC are new: the growth of the basis set size.

    Source: `basis_set_size_increase` in docs/metrics.md.
    """

    name: ClassVar[str] = "basis_set_size_increase"
    over_samples: ClassVar[OverSamples] = "sum"
    per_samples: ClassVar[int] = 100
    partial_training: ClassVar[str] = (
        "of the recorded steps alone: codes that unrecorded ones showed first count as new when they come again"
    )

    @property
    def unit(self) -> str:
        """Of a figure in a summary."""
        return "new codes per 100 samples"

    def values_stay(self, notes: Mapping[str, Any]) -> bool:
        """A code that was new once is new for ever."""
        return True

    def values(self, chunk: Chunk, layout: Layout, context: Context) -> SampleValues:
        """1 where a sample's code is new, else 0."""
        from sparsey_trace.kernels.basis import count_new

        return SampleValues(
            values=[count_new(first, ends, chunk.start, len(chunk)) for first, ends in context.result]
        )


def _check_codes(found: Any, layer: LayerLayout, samples: int) -> None:
    codes, first, ends = found
    check_array(codes, "codes", dtype=np.uint64, shape=(None, code_words(layer)))
    check_array(first, "first samples", dtype=np.int64, shape=(len(codes),), lowest=0, below=samples)
    check_array(
        ends,
        "ends",
        dtype=np.int64,
        shape=(layer.num_macs,),
        lowest=0,
        below=len(codes) + 1,
        order="never falling",
    )
    check_number(int(ends[-1]), "the last end", lowest=len(codes), highest=len(codes))
    starts = np.zeros(len(codes) + 1, np.bool_)
    starts[ends] = True
    if (np.diff(first) <= 0)[~starts[1:-1]].any():
        msg = "first samples: expected rising numbers for each MAC, found others"
        raise DataError(msg)


def _joined(earlier: CodeSets, later: CodeSets) -> CodeSets:
    from sparsey_trace.kernels.basis import join

    size = len(earlier[1]) + len(later[1])
    codes = spill.empty((size, earlier[0].shape[1]), np.uint64)
    first = spill.empty((size,), np.int64)
    ends = join(earlier, later, codes, first, np.empty(0, np.int64))
    return codes[: ends[-1]], first[: ends[-1]], ends


def winner_bits(layer: LayerLayout) -> int:
    """How many bits a winner takes."""
    return max(1, (layer.num_neurons - 1).bit_length())


def code_words(layer: LayerLayout) -> int:
    """How many words a code takes."""
    return -(-layer.num_cms // (64 // winner_bits(layer)))
