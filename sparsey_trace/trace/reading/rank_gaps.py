"""Steps that only some ranks have: one was killed earlier than the others, or dropped the step, or ran without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

_SHOWN = 10


def rank_gaps(step: NDArray[np.int64], rank: NDArray[np.int64], ranks: Collection[int]) -> NDArray[np.int64]:
    """[n, 2] int64: a step that some rank has, and a rank that lacks it; by step, then by rank.

    Args:
        step: [s], of stretches of samples, in any order.
        rank: [s], whose they are.
        ranks: all that there are.
    """
    width = max(ranks, default=0) + 1
    found = np.unique(step * width + rank)
    steps, counts = np.unique(found // width, return_counts=True)
    partly = steps[counts < len(ranks)]
    wanted = (partly[:, None] * width + np.array(sorted(ranks), np.int64)).ravel()
    lacking = np.setdiff1d(wanted, found, assume_unique=True)
    return np.stack([lacking // width, lacking % width], axis=1)


def missing_in_words(ranks: Sequence[int], num_ranks: int) -> str:
    """In a clause; empty where no rank is missing.

    >>> missing_in_words([1, 4], 8), missing_in_words([], 2)
    ('of 8 ranks those of number 1, 4 are missing', '')
    """
    return f"of {num_ranks} ranks those of number {', '.join(map(str, ranks))} are missing" if ranks else ""


def rank_gaps_in_words(lacking: NDArray[np.int64]) -> str:
    """In a clause; empty where no step lacks a rank.

    >>> rank_gaps_in_words(np.array([[3, 1], [7, 0], [7, 2]]))
    '2 steps were recorded by some ranks only: 3 (not by 1), 7 (not by 0, 2)'
    """
    if not len(lacking):
        return ""
    steps = np.unique(lacking[:, 0])
    shown = [
        f"{step} (not by {', '.join(map(str, lacking[lacking[:, 0] == step, 1].tolist()))})"
        for step in steps[:_SHOWN].tolist()
    ] + ["…"] * (len(steps) > _SHOWN)
    counted = "1 step was" if len(steps) == 1 else f"{len(steps):,} steps were"
    return f"{counted} recorded by some ranks only: {', '.join(shown)}"
