"""The points of a curve: steps, joined evenly where there are more of them than a chart can show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.layout import PHASES, TRAIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.charts.shared.run import Steps

MOST_POINTS = 400
"""More can't be told apart on a screen or on paper."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Points:
    """The points of a phase, and which steps belong to each.

    Attributes:
        phase: `train` or `eval`.
        of_step: [S] int64, each step's point; -1 where the step is of the other phase.
        seen: [P] int64, training samples seen when the point ends.
        step: [P] int64, the number of the point's last step.
        joined: how many steps the fullest point joins.
    """

    phase: str
    of_step: NDArray[np.int64]
    seen: NDArray[np.int64]
    step: NDArray[np.int64]
    joined: int

    def __len__(self) -> int:
        """P."""
        return len(self.seen)


def evenly(count: int, most: int) -> NDArray[np.int64]:
    """Evenly chosen ones of so many, the first and the last among them; all where they are no more than `most`.

    >>> evenly(9, 3), evenly(2, 3)
    (array([0, 4, 8]), array([0, 1]))
    """
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))


def points_of(steps: Steps, phase: int, *, most: int = MOST_POINTS) -> Points:
    """Join the steps of a phase to points.

    Evaluation steps between which nothing was trained belong to one point: together they say how good the
    model was then.

    Args:
        steps: all of a run.
        phase: 0 train, 1 eval.
        most: the highest P.
    """
    mine = np.flatnonzero(steps.phase == phase)
    of_step = np.full(len(steps), -1)
    moments = np.arange(len(mine))
    if phase != TRAIN:
        moments = np.unique(steps.seen[mine], return_inverse=True)[1]
    count = int(moments.max(initial=-1)) + 1
    shared = moments * min(count, most) // max(count, 1)
    of_step[mine] = shared
    last = np.flatnonzero(np.diff(shared, append=-1)) if len(mine) else shared
    return Points(
        phase=PHASES[phase],
        of_step=of_step,
        seen=steps.seen[mine[last]],
        step=steps.number[mine[last]],
        joined=int(np.bincount(shared).max(initial=0)),
    )
