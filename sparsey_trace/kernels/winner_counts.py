"""How often each neuron won."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.kernels.borders import bordered, check_equal, check_indices
from sparsey_trace.kernels.compiled import compiled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def _check(
    codes: NDArray[np.unsignedinteger[Any]], active: NDArray[np.bool_], counts: NDArray[np.int64]
) -> None:
    check_equal("samples and MACs", codes.shape[:2], active.shape)
    check_equal("MACs and CMs", codes.shape[1:], counts.shape[:2])
    check_indices(codes, counts.shape[2], "codes")


@bordered(_check)
@compiled
def count_winners(
    codes: NDArray[np.unsignedinteger[Any]], active: NDArray[np.bool_], counts: NDArray[np.int64]
) -> None:
    """Count the wins of active MACs.

    Args:
        codes: [n, M, Q], winners.
        active: [n, M].
        counts: [M, Q, K], added to.
    """
    for sample in range(codes.shape[0]):
        for mac in range(codes.shape[1]):
            if active[sample, mac]:
                for cm in range(codes.shape[2]):
                    counts[mac, cm, codes[sample, mac, cm]] += 1
