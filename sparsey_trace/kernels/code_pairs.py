"""How alike codes are, by how alike inputs are: pairs of a sample and a reference, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.kernels.borders import bordered, check_equal, check_indices
from sparsey_trace.kernels.compiled import compiled
from sparsey_trace.kernels.side_by_side import SILENT, check_codes, line_up, side_by_side

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.kernels.input_pairs import InputPairs


def _check_pairs(
    codes: NDArray[Any],
    active: NDArray[np.bool_],
    group: NDArray[np.uint8],
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
    pairs: InputPairs,
    bins: NDArray[np.int16],
    counts: NDArray[np.int64],
) -> None:
    check_codes(codes, active, old_codes, old_active, pairs)
    check_equal("samples", len(codes), len(group))
    check_equal("bins", len(pairs.which), len(bins))
    check_indices(bins, counts.shape[2], "bins")
    macs, cms = codes.shape[1:]
    check_equal("MACs and levels", (macs, cms + 1), (counts.shape[1], counts.shape[3]))
    check_indices(group, len(counts), "group")


@bordered(_check_pairs)
def count_pairs(
    codes: NDArray[Any],
    active: NDArray[np.bool_],
    group: NDArray[np.uint8],
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
    pairs: InputPairs,
    bins: NDArray[np.int16],
    counts: NDArray[np.int64],
) -> None:
    """Count pairs of codes, of MACs that are active for both, by the bin of their inputs and by the CMs that agree.

    Args:
        codes: [n, M, Q].
        active: [n, M].
        group: [n], to which of G groups each sample belongs.
        old_codes: [R, M, Q], of the references.
        old_active: [R, M].
        pairs: of samples and references.
        bins: [P], the bin of each pair.
        counts: [G, M, bins + 1, Q + 1], added to; in the last bin goes what doesn't count.
    """
    levels = counts.shape[3]
    slots, starts = np.empty(len(old_codes), np.uint32), np.empty(len(old_codes), np.uint32)
    _count(
        codes,
        active,
        group,
        old_codes,
        old_active,
        pairs.ends,
        pairs.which,
        pairs.same,
        bins.astype(np.uint32) * np.uint32(levels),
        np.uint32((counts.shape[2] - 1) * levels),
        side_by_side(old_codes),
        slots,
        starts,
        counts.reshape(*counts.shape[:2], -1),
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
    unused: np.uint32,
    old: NDArray[np.uint16],
    slots: NDArray[np.uint32],
    starts: NDArray[np.uint32],
    counts: NDArray[np.int64],
) -> None:
    """Add to counts [G, M, (bins + 1) * (Q + 1)], from the first slot of the bin of each pair [P]."""
    begin = 0
    for sample in range(codes.shape[0]):
        count = ends[sample] - begin
        line_up(old, which, begin, same[sample], count, old_codes, old_active)
        for index in range(count):
            # From 0 on, as only then several are looked at together below.
            starts[index] = first[begin + index]
        for mac in range(codes.shape[1]):
            if active[sample, mac]:
                for index in range(count):
                    slots[index] = starts[index] if old[mac, 0, index] != SILENT else unused
                for cm in range(codes.shape[2]):
                    winner = np.uint16(codes[sample, mac, cm])
                    for index in range(count):
                        slots[index] += old[mac, cm, index] == winner
                for index in range(count):
                    counts[group[sample], mac, slots[index]] += 1
        begin = ends[sample]
