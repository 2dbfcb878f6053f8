"""Labels shuffled, and what the shuffled ones tell: the same numbers on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.kernels.borders import bordered, check_ends, check_equal, check_indices
from sparsey_trace.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NOTHING, _STEP = np.uint64(0), np.uint64(0x9E3779B97F4A7C15)
_SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)
_FACTORS = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def _check_shuffle(labels: NDArray[np.int32], state: NDArray[np.uint64]) -> None:
    check_equal("state", len(state), 1)


@bordered(_check_shuffle)
@compiled
def shuffle(labels: NDArray[np.int32], state: NDArray[np.uint64]) -> None:
    """Shuffle by Fisher and Yates, from the last place down, with the generator splitmix64.

    Args:
        labels: [N], shuffled where they stand.
        state: [1], of the generator, which goes on from there.
    """
    for place in range(labels.shape[0] - 1, 0, -1):
        room = np.uint64(place + 1)
        # Numbers beyond the last whole multiple would make some places likelier than others.
        left_out = (_NOTHING - room) % room
        drawn = _NOTHING
        while True:
            state[0] += _STEP
            drawn = state[0]
            drawn = (drawn ^ (drawn >> _SHIFTS[0])) * _FACTORS[0]
            drawn = (drawn ^ (drawn >> _SHIFTS[1])) * _FACTORS[1]
            drawn ^= drawn >> _SHIFTS[2]
            if drawn >= left_out:
                break
        other = np.int64(drawn % room)
        labels[place], labels[other] = labels[other], labels[place]


def _check_joint_sums(
    counts: NDArray[np.int64],
    ends: NDArray[np.int64],
    labels: NDArray[np.int32],
    different: int,
    worth: NDArray[np.int64],
) -> None:
    check_ends(ends, len(counts), "ends")
    check_indices(counts, len(labels) + 1, "counts")
    check_indices(labels, different, "labels")
    check_equal("worth", len(worth), len(labels) + 1)
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
    for of_mac in np.add.reduceat(counts, starts) if len(counts) else ():
        check_equal("samples", int(of_mac), len(labels))


@bordered(_check_joint_sums)
def joint_sums(
    counts: NDArray[np.int64],
    ends: NDArray[np.int64],
    labels: NDArray[np.int32],
    different: int,
    worth: NDArray[np.int64],
) -> NDArray[np.int64]:
    """For each MAC, over all pairs of what it does and a label, the sum of what their counts are worth.

    Args:
        counts: [S], samples for each thing that a MAC does, MAC by MAC: the first of the samples did the first thing.
        ends: [M], where the things of each end; each MAC does at least one.
        labels: [N], of the samples, as numbers from 0.
        different: how many labels there are.
        worth: [N + 1], what a count is worth; 0 for 0.

    Returns:
        [M] int64.
    """
    found = np.zeros(len(ends), np.int64)
    _sum_up(counts, ends, labels, worth, np.zeros(different, np.int64), found)
    return found


@compiled
def _sum_up(
    counts: NDArray[np.int64],
    ends: NDArray[np.int64],
    labels: NDArray[np.int32],
    worth: NDArray[np.int64],
    seen: NDArray[np.int64],
    found: NDArray[np.int64],
) -> None:
    """Write the sums [M]; of each label nothing is seen before and after."""
    begin = 0
    for mac in range(ends.shape[0]):
        sample = total = 0
        for thing in range(begin, ends[mac]):
            stop = sample + counts[thing]
            for place in range(sample, stop):
                label = labels[place]
                total += worth[seen[label] + 1] - worth[seen[label]]
                seen[label] += 1
            for place in range(sample, stop):
                seen[labels[place]] = 0
            sample = stop
        found[mac] = total
        begin = ends[mac]
