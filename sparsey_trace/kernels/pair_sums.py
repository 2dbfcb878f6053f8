"""Sums over the samples for which something holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.kernels.borders import bordered, check_equal, check_indices
from sparsey_trace.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _check(
    values: NDArray[np.int64],
    masks: NDArray[np.int64],
    of_masks: NDArray[np.int32],
    of_values: NDArray[np.int32],
    sums: NDArray[np.int64],
) -> None:
    check_equal("pairs", len(of_masks), len(of_values), len(sums))
    check_equal("samples", values.shape[1], masks.shape[1])
    check_indices(of_masks, len(masks), "of_masks")
    check_indices(of_values, len(values), "of_values")


@bordered(_check)
@compiled
def add_where(
    values: NDArray[np.int64],
    masks: NDArray[np.int64],
    of_masks: NDArray[np.int32],
    of_values: NDArray[np.int32],
    sums: NDArray[np.int64],
) -> None:
    """Add to the sum of each of P pairs the values of the samples that its mask lets through.

    Args:
        values: [A, n].
        masks: [B, n], -1 where a sample counts, else 0.
        of_masks: [P], the mask of each pair, never falling.
        of_values: [P], its values.
        sums: [P], what they are added to.
    """
    pair = 0
    while pair < len(sums):
        mask = of_masks[pair]
        # Four of a mask at once, as the mask is read once for them; without a branch, so that several samples are.
        if pair + 4 <= len(sums) and of_masks[pair + 3] == mask:
            a, b, c, d = of_values[pair], of_values[pair + 1], of_values[pair + 2], of_values[pair + 3]
            sum_a = sum_b = sum_c = sum_d = np.int64(0)
            for sample in range(values.shape[1]):
                counts = masks[mask, sample]
                sum_a += values[a, sample] & counts
                sum_b += values[b, sample] & counts
                sum_c += values[c, sample] & counts
                sum_d += values[d, sample] & counts
            sums[pair] += sum_a
            sums[pair + 1] += sum_b
            sums[pair + 2] += sum_c
            sums[pair + 3] += sum_d
            pair += 4
        else:
            total = np.int64(0)
            for sample in range(values.shape[1]):
                total += values[of_values[pair], sample] & masks[mask, sample]
            sums[pair] += total
            pair += 1
