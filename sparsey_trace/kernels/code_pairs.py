"""How alike codes are, by how alike inputs are: pairs of a sample and a reference, counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.kernels.borders import bordered, check_equal, check_indices
from sparsey_trace.kernels.compiled import compiled
from sparsey_trace.kernels.side_by_side import check_codes, count_agreeing, line_up, side_by_side

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.kernels.input_pairs import InputPairs


@dataclass(frozen=True, eq=False)
class PairCounts:
    """Where pairs of n samples and references are counted, of MACs that are active for both.

    Attributes:
        group: [n] uint8, to which of G groups each sample belongs.
        bins: [P] int16, the bin of each pair.
        counts: [G, M, bins, Q + 1] int64, by the CMs that agree; added to.
    """

    group: NDArray[np.uint8]
    bins: NDArray[np.int16]
    counts: NDArray[np.int64]

    def check(self, codes: NDArray[Any], pairs: InputPairs) -> None:
        """See that they are counts of the pairs of these codes [n, M, Q].

        Raises:
            IndexError: they aren't.
        """
        check_equal("samples", len(codes), len(self.group))
        check_equal("bins", len(pairs.which), len(self.bins))
        check_indices(self.bins, self.counts.shape[2], "bins")
        macs, cms = codes.shape[1:]
        check_equal("MACs and levels", (macs, cms + 1), (self.counts.shape[1], self.counts.shape[3]))
        check_indices(self.group, len(self.counts), "group")

    @property
    def first(self) -> NDArray[np.uint32]:
        """[P], the first slot of the bin of each pair in `slots`."""
        return self.bins.astype(np.uint32) * np.uint32(self.counts.shape[3])

    @property
    def slots(self) -> NDArray[np.int64]:
        """The counts as [G, M, bins * (Q + 1)]."""
        return self.counts.reshape(*self.counts.shape[:2], -1)


def _check_pairs(
    codes: NDArray[Any],
    active: NDArray[np.bool_],
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
    pairs: InputPairs,
    counted: PairCounts,
) -> None:
    check_codes(codes, active, old_codes, old_active, pairs)
    counted.check(codes, pairs)


@bordered(_check_pairs)
def count_pairs(
    codes: NDArray[Any],
    active: NDArray[np.bool_],
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
    pairs: InputPairs,
    counted: PairCounts,
) -> None:
    """Count pairs of codes, by the bin of their inputs and by the CMs that agree.

    Args:
        codes: [n, M, Q].
        active: [n, M].
        old_codes: [R, M, Q], of the references.
        old_active: [R, M].
        pairs: of samples and references.
        counted: where they are counted.
    """
    _count(
        codes,
        active,
        counted.group,
        old_codes,
        old_active,
        pairs.ends,
        pairs.which,
        pairs.same,
        counted.first,
        *side_by_side(old_codes),
        np.empty(len(old_codes), np.uint16),
        np.empty(len(old_codes), np.uint32),
        counted.slots,
    )


@compiled
def _count(
    codes: NDArray[Any],
    active: NDArray[np.bool_],
    group: NDArray[np.uint8],
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
    ends: NDArray[np.int64],
    which: NDArray[np.int32],
    same: NDArray[np.int64],
    first: NDArray[np.uint32],
    old: NDArray[np.uint16],
    index_of: NDArray[np.uint32],
    filled: NDArray[np.int64],
    agreeing: NDArray[np.uint16],
    starts: NDArray[np.uint32],
    counts: NDArray[np.int64],
) -> None:
    """Add to counts [G, M, bins * (Q + 1)], from the first slot of the bin of each pair [P]."""
    begin = 0
    for sample in range(codes.shape[0]):
        count = ends[sample] - begin
        line_up(old, index_of, filled, which, begin, same[sample], count, old_codes, old_active)
        for index in range(count):
            starts[index] = first[begin + index]
        for mac in range(codes.shape[1]):
            if active[sample, mac]:
                count_agreeing(old, filled[mac], codes, sample, mac, agreeing)
                for index in range(filled[mac]):
                    counts[group[sample], mac, starts[index_of[mac, index]] + agreeing[index]] += 1
        begin = ends[sample]
