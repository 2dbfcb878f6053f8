"""Pairs of a sample and a reference that serves it, and how alike their inputs are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sparsey_trace.kernels.borders import check_equal
from sparsey_trace.kernels.common import count_common

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Weighed(NamedTuple):
    """How alike the inputs of pairs are, as whole numbers: sums of these don't depend on their order.

    Attributes:
        weights: [P] int64, Jaccard similarities in units of 1 / `unit`.
        unit: how many parts make 1.
        norm: [n] float64, the length of each sample's vector of similarities.
        mean: [n] float64, their mean; 0 where a sample has no pair.
    """

    weights: NDArray[np.int64]
    unit: float
    norm: NDArray[np.float64]
    mean: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class InputPairs:
    """For n samples, which of R references serve each: of earlier steps, and drawn until this one at least.

    Attributes:
        ends: [n] int64, where the pairs of each sample end.
        which: [P] int32, the reference of each pair, rising for each sample.
        same: [n] int64, how many of a sample's first references are the first of the sample before.
        shared: [P] int64, how many features are on in both inputs.
        joined: [P] int64, in any of them.
    """

    ends: NDArray[np.int64]
    which: NDArray[np.int32]
    same: NDArray[np.int64]
    shared: NDArray[np.int64]
    joined: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        bits: NDArray[np.uint64],
        step: NDArray[np.int64],
        old_bits: NDArray[np.uint64],
        old_step: NDArray[np.int64],
        until: NDArray[np.int64],
    ) -> InputPairs:
        """Compare samples with references.

        Args:
            bits: [n, W], what is on in the inputs.
            step: [n], never falling.
            old_bits: [R, W], of the references.
            old_step: [R], never falling.
            until: [R], the last step that each serves.

        Raises:
            IndexError: the arrays don't fit each other.
        """
        check_equal("samples", len(bits), len(step))
        check_equal("references", len(old_bits), len(old_step), len(until))
        check_equal("words", bits.shape[1], old_bits.shape[1])
        serves = (old_step < step[:, None]) & (step[:, None] <= until)
        count = serves.sum(axis=1)
        sample = np.arange(len(bits), dtype=np.int32).repeat(count)
        which = (np.flatnonzero(serves) - np.int64(len(old_bits)) * sample).astype(np.int32)
        shared: NDArray[np.int64] = count_common(bits, old_bits, sample, which)
        size, old_size = (np.bitwise_count(of).sum(axis=1, dtype=np.int64) for of in (bits, old_bits))
        joined = size[sample] + old_size[which] - shared
        return cls(count.cumsum(), which, _same(serves), shared, joined)

    def weighed(self, unit: float) -> Weighed:
        """Jaccard similarities, in units of 1 / `unit`."""
        alike = self.shared / np.maximum(self.joined, 1)
        weights = np.rint(alike * unit).astype(np.int64)
        squares = np.rint(alike * alike * unit).astype(np.int64)
        count = np.maximum(np.diff(self.ends, prepend=0), 1)
        return Weighed(
            weights,
            unit,
            norm=np.sqrt(self._by_sample(squares) / unit),
            mean=self._by_sample(weights) / unit / count,
        )

    def _by_sample(self, of_pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        """[n], the sums of numbers [P] over each sample's pairs."""
        sums = np.zeros(len(of_pairs) + 1, np.int64)
        of_pairs.cumsum(out=sums[1:])
        return np.diff(sums[self.ends], prepend=0)

    def bins(self, count: int) -> NDArray[np.int16]:
        """[P], in which of equal bins of [0, 1] the Jaccard similarity lies; the last one is closed."""
        return np.minimum(count * self.shared // np.maximum(self.joined, 1), count - 1).astype(np.int16)


def _same(serves: NDArray[np.bool_]) -> NDArray[np.int64]:
    """[n], how many of a sample's first references are the first of the sample before, from who serves whom [n, R]."""
    same: NDArray[np.int64] = serves.sum(axis=1)
    same[:1] = 0
    differs = serves[1:] != serves[:-1]
    for sample in differs.any(axis=1).nonzero()[0].tolist():
        same[sample + 1] = np.count_nonzero(serves[sample, : differs[sample].argmax()])
    return same
