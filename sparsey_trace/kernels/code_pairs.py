"""How alike codes are, by how alike inputs are: pairs of a sample and a reference, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.kernels.adherence import SILENT, check_references, serving
from sparsey_trace.kernels.borders import bordered, check_equal, check_indices
from sparsey_trace.kernels.compiled import compiled
from sparsey_trace.kernels.words import popcount

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
            shared = joined = 0
            for word in range(bits.shape[1]):
                shared += popcount(bits[sample, word] & old_bits[reference, word])
                joined += popcount(bits[sample, word] | old_bits[reference, word])
            found[sample, reference] = min(bins * shared // max(joined, 1), bins - 1)
    return found


def _check_pairs(
    codes: NDArray[Any],
    active: NDArray[np.bool_],
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
    place: NDArray[np.int16],
    bins: int,
    counts: NDArray[np.int64],
    group: NDArray[np.uint8],
) -> None:
    samples, macs, cms = codes.shape
    check_equal("samples and MACs", codes.shape[:2], active.shape)
    check_equal("references and MACs", old_codes.shape[:2], old_active.shape)
    check_equal("MACs and CMs", codes.shape[1:], old_codes.shape[1:])
    check_equal("pairs", (samples, len(old_codes)), place.shape)
    check_equal("counts", counts.shape[1:], (macs, bins + 1, cms + 1))
    check_equal("samples", samples, len(group))
    check_indices(place, bins + 1, "place")
    check_indices(group, len(counts), "group")


@bordered(_check_pairs)
@compiled
def count_pairs(
    codes: NDArray[Any],
    active: NDArray[np.bool_],
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
    place: NDArray[np.int16],
    bins: int,
    counts: NDArray[np.int64],
    group: NDArray[np.uint8],
) -> None:
    """Count pairs of codes, of MACs that are active for both, by the bin of their inputs and by the CMs that agree.

    Args:
        codes: [n, M, Q].
        active: [n, M].
        old_codes: [R, M, Q], of the references.
        old_active: [R, M].
        place: [n, R], the bin of each pair; `bins` where it doesn't count.
        bins: how many.
        counts: [G, M, bins + 1, Q + 1], added to; in the last bin goes what doesn't count.
        group: [n], to which of G groups each sample belongs.
    """
    samples, macs, cms = codes.shape
    references = len(old_codes)
    # Winners of one CM side by side, so that many are compared at once.
    old = np.empty((macs, cms, references), np.uint16)
    for reference in range(references):
        for mac in range(macs):
            for cm in range(cms):
                speaks = old_active[reference, mac]
                old[mac, cm, reference] = old_codes[reference, mac, cm] if speaks else SILENT
    agreeing, where = np.empty(references, np.uint16), np.empty(references, np.int64)
    for mac in range(macs):
        for sample in range(samples):
            if not active[sample, mac]:
                continue
            for reference in range(references):
                agreeing[reference] = 0
                where[reference] = place[sample, reference] if old_active[reference, mac] else bins
            for cm in range(cms):
                winner = np.uint16(codes[sample, mac, cm])
                for reference in range(references):
                    agreeing[reference] += np.uint16(old[mac, cm, reference] == winner)
            mine = counts[group[sample], mac]
            for reference in range(references):
                mine[where[reference], agreeing[reference]] += 1
