"""Which samples of a run's files are none of the trace's, as `MergeRules` say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def incomplete(step: NDArray[np.int64], lacking: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which stretches of samples are of a step that some rank lacks.

    Args:
        step: [s], of the stretches.
        lacking: [n, 2], a step and a rank that lacks it, as `rank_gaps` gives them.

    >>> incomplete(np.array([0, 0, 3, 4]), np.array([[3, 1]])).tolist()
    [False, False, True, False]
    """
    return np.isin(step, lacking[:, 0])


def lacking_reason(ranks: NDArray[Any]) -> str:
    """Why a step is left out that these ranks, [n], lack.

    >>> lacking_reason(np.array([0, 2]))
    'not recorded by rank 0, 2'
    """
    return f"not recorded by rank {', '.join(map(str, ranks.tolist()))}"
