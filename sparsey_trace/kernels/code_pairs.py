"""How alike codes are, by how alike inputs are: pairs of a sample and a reference, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.kernels.adherence import SILENT, check_references, line_up, overlap, serving
from sparsey_trace.kernels.borders import bordered, check_equal, check_indices
from sparsey_trace.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _check_bins(
    bits: NDArray[np.uint64],
    step: NDArray[np.int64],
    old_bits: NDArray[np.uint64],
    old_step: NDArray[np.int64],
    until: NDArray[np.int64],
    bins: int,
) -> None:
    check_references(bits, step, old_bits, old_step, until)


@bordered(_check_bins)
@compiled
def input_bins(
    bits: NDArray[np.uint64],
    step: NDArray[np.int64],
    old_bits: NDArray[np.uint64],
    old_step: NDArray[np.int64],
    until: NDArray[np.int64],
    bins: int,
) -> NDArray[np.int16]:
    """In which of equal bins of [0, 1] the Jaccard similarity of each pair of inputs lies, in whole numbers.

    Args:
        bits: [n, W], what is on in the inputs.
        step: [n], never falling.
        old_bits: [R, W], of the references.
        old_step: [R], never falling.
        until: [R].
        bins: how many; the last one is closed.

    Returns:
        [n, R], `bins` where a reference doesn't serve.
    """
    found = np.full((len(bits), len(old_bits)), bins, np.int16)
    which, count = np.full(len(old_bits), -1), 0
    for sample in range(len(bits)):
        if sample == 0 or step[sample] != step[sample - 1]:
            count, _ = serving(step[sample], old_step, until, which)
        for index in range(count):
            reference = which[index]
            shared, joined = overlap(bits, old_bits, sample, reference)
            found[sample, reference] = min(bins * shared // max(joined, 1), bins - 1)
    return found


def _check_pairs(
    codes: NDArray[Any],
    active: NDArray[np.bool_],
    step: NDArray[np.int64],
    group: NDArray[np.uint8],
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
    old_step: NDArray[np.int64],
    until: NDArray[np.int64],
    place: NDArray[np.int16],
    counts: NDArray[np.int64],
) -> None:
    samples, macs, cms = codes.shape
    check_equal("samples and MACs", codes.shape[:2], active.shape)
    check_equal("references and MACs", old_codes.shape[:2], old_active.shape)
    check_equal("MACs and CMs", codes.shape[1:], old_codes.shape[1:])
    check_equal("samples", samples, len(step), len(group))
    check_equal("references", len(old_codes), len(old_step), len(until))
    check_equal("pairs", (samples, len(old_codes)), place.shape)
    check_equal("MACs and levels", (macs, cms + 1), (counts.shape[1], counts.shape[3]))
    check_indices(place, counts.shape[2], "place")
    check_indices(group, len(counts), "group")


@bordered(_check_pairs)
@compiled
def count_pairs(
    codes: NDArray[Any],
    active: NDArray[np.bool_],
    step: NDArray[np.int64],
    group: NDArray[np.uint8],
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
    old_step: NDArray[np.int64],
    until: NDArray[np.int64],
    place: NDArray[np.int16],
    counts: NDArray[np.int64],
) -> None:
    """Count pairs of codes, of MACs that are active for both, by the bin of their inputs and by the CMs that agree.

    Args:
        codes: [n, M, Q].
        active: [n, M].
        step: [n], never falling.
        group: [n], to which of G groups each sample belongs.
        old_codes: [R, M, Q], of the references.
        old_active: [R, M].
        old_step: [R], never falling.
        until: [R].
        place: [n, R], the bin of each pair, where a reference serves.
        counts: [G, M, bins + 1, Q + 1], added to; in the last bin goes what doesn't count.
    """
    samples, macs, cms = codes.shape
    unused = np.uint32((counts.shape[2] - 1) * (cms + 1))
    flat = counts.reshape((counts.shape[0], macs, counts.shape[2] * (cms + 1)))
    old = np.empty((macs, cms, len(old_codes)), np.uint16)
    which, count = np.full(len(old_codes), -1), 0
    bins, slots = np.empty(len(old_codes), np.uint32), np.empty(len(old_codes), np.uint32)
    for sample in range(samples):
        if sample == 0 or step[sample] != step[sample - 1]:
            count, same = serving(step[sample], old_step, until, which)
            line_up(old, which, same, count, old_codes, old_active)
        for index in range(count):
            bins[index] = np.uint32(place[sample, which[index]] * (cms + 1))
        for mac in range(macs):
            if not active[sample, mac]:
                continue
            for index in range(count):
                slots[index] = bins[index] if old[mac, 0, index] != SILENT else unused
            for cm in range(cms):
                winner = np.uint16(codes[sample, mac, cm])
                for index in range(count):
                    slots[index] += np.uint32(old[mac, cm, index] == winner)
            mine = flat[group[sample], mac]
            for index in range(count):
                mine[slots[index]] += 1
