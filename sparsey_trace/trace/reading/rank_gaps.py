"""Steps that some ranks lack, or all: killed earlier than others, dropped, or run by some of them only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sparsey_trace.trace.format.drops import reasons_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from sparsey_trace.trace.reading.trace_file import TraceFile

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


def missing_in_words(ranks: Sequence[int], num_ranks: int) -> str:
    """In a clause; empty where no rank is missing.

    >>> missing_in_words([1, 4], 8), missing_in_words([], 2)
    ('of 8 ranks those of number 1, 4 are missing', '')
    """
    shown = [*map(str, ranks[:_SHOWN])] + ["…"] * (len(ranks) > _SHOWN)
    return f"of {num_ranks} ranks those of number {', '.join(shown)} are missing" if ranks else ""


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


class StepGap(NamedTuple):
    """A step that some ranks lack, or all.

    Attributes:
        step: its number.
        ranks: those that lack it, of those that have files.
        reason: why, in one line; empty where nothing is known of it.
    """

    step: int
    ranks: tuple[int, ...]
    reason: str


def step_gaps(
    files: Sequence[TraceFile], missing: Mapping[int, str], lacking: NDArray[np.int64]
) -> tuple[StepGap, ...]:
    """The gaps of a trace, by step.

    Args:
        files: of the trace.
        missing: the steps that no rank has, and why.
        lacking: [n, 2], a step that some rank has, and a rank that lacks it.
    """
    ranks = tuple(sorted({file.part.rank for file in files}))
    found = {step: StepGap(step, ranks, reason) for step, reason in missing.items()}
    reasons = {rank: _RankReasons([file for file in files if file.part.rank == rank]) for rank in ranks}
    steps, firsts = np.unique(lacking[:, 0], return_index=True)
    for step, part in zip(steps.tolist(), np.split(lacking[:, 1], firsts[1:]), strict=False):
        without = tuple(part.tolist())
        said = dict.fromkeys(reasons[rank].of(step) for rank in without)
        found[step] = StepGap(step, without, "; ".join(filter(None, said)))
    return tuple(found[step] for step in sorted(found))


class _RankReasons:
    """Why a rank lacks steps, of what its files say, in the order in which they follow each other."""

    def __init__(self, files: Sequence[TraceFile]) -> None:
        self._ends = [(file.part.first_step, file.last_step) for file in files]
        self._dropped = {s: why for file in files for s, why in reasons_of(file.storage.drops()).items()}

    def of(self, step: int) -> str:
        if step in self._dropped:
            return self._dropped[step] or "dropped"
        begun = [end for first, end in self._ends if first <= step]
        if not begun:
            return "the rank's first file begins later"
        return f"the rank's file ends at step {begun[-1]}" if begun[-1] < step else ""
