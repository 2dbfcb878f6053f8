"""Where training goes back to an earlier epoch: it was resumed behind an older checkpoint."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sparsey_trace.layout import EVAL, PHASES, TRAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sparsey_trace.trace.reading.sample_table import SampleTable

_SAMPLES_AT_ONCE = 1 << 16
_SHOWN = 5
_NEVER = np.iinfo(np.int64).max


class EpochReturn(NamedTuple):
    """A training sample of a lower epoch than the training sample before it.

    Attributes:
        sample: its number.
        step: its step.
        epoch: its epoch.
        before: the epoch of the one before.
    """

    sample: int
    step: int
    epoch: int
    before: int


class EpochReturns:
    """Those among the first samples of a trace; each sample is looked at once, however it grows."""

    def __init__(self) -> None:
        """None was looked at."""
        self._seen = 0
        self._last = np.empty(0, np.int32)  # the epoch of the last training sample
        self._found: list[EpochReturn] = []
        # An open trace may be shared by threads.
        self._lock = threading.Lock()

    def among(self, samples: SampleTable, size: int) -> tuple[EpochReturn, ...]:
        """All in the first `size` samples, in order."""
        with self._lock:
            for start in range(self._seen, size, _SAMPLES_AT_ONCE):
                self._look(samples, start, min(start + _SAMPLES_AT_ONCE, size))
            return tuple(found for found in self._found if found.sample < size)

    def _look(self, samples: SampleTable, start: int, stop: int) -> None:
        train = np.flatnonzero(samples.phase[start:stop] == TRAIN)
        epoch = np.concatenate([self._last, samples.epoch[start:stop][train]])
        for place in np.flatnonzero(np.diff(epoch) < 0).tolist():
            sample = start + int(train[place + 1 - len(self._last)])
            found = EpochReturn(sample, int(samples.step[sample]), int(epoch[place + 1]), int(epoch[place]))
            self._found.append(found)
        self._last, self._seen = epoch[-1:], stop


@dataclass(frozen=True, kw_only=True)
class PhaseSamples:
    """How many samples a phase has.

    Attributes:
        epoch: of its last sample: not the highest one, where training went back.
        in_epoch: how many there are of that epoch, of each time that it came.
        in_run: how many there are in all.
        steps: of its first and its last sample.
    """

    epoch: int
    in_epoch: int
    in_run: int
    steps: tuple[int, int]


def phase_samples(samples: SampleTable) -> dict[str, PhaseSamples]:
    """By the phase's name; a phase without samples is left out."""
    counts: dict[tuple[int, int], int] = {}
    latest: dict[int, int] = {}
    steps: dict[int, tuple[int, int]] = {}
    for start in range(0, len(samples), _SAMPLES_AT_ONCE):
        stop = min(start + _SAMPLES_AT_ONCE, len(samples))
        phases, epochs = samples.phase[start:stop], samples.epoch[start:stop]
        # As one number each: pairs take ten times as long to sort.
        found, times = np.unique(epochs.astype(np.int64) * len(PHASES) + phases, return_counts=True)
        for pair, many in zip(found.tolist(), times.tolist(), strict=True):
            epoch, phase = divmod(pair, len(PHASES))
            counts[phase, epoch] = counts.get((phase, epoch), 0) + many
            first, last = np.flatnonzero(phases == phase)[[0, -1]]
            latest[phase] = int(epochs[last])
            begun = steps.get(phase, (int(samples.step[start + first]), 0))[0]
            steps[phase] = begun, int(samples.step[start + last])
    return {
        PHASES[phase]: PhaseSamples(
            epoch=epoch,
            in_epoch=counts[phase, epoch],
            in_run=sum(many for (other, _), many in counts.items() if other == phase),
            steps=steps[phase],
        )
        for phase, epoch in latest.items()
    }


def repeated(epoch: NDArray[np.int32], phase: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which stretches of samples were recorded once more, as training went back to an earlier epoch.

    Where training comes to a lower epoch than it had, all before that is repeated that is of this epoch or a higher
    one; where evaluation does, the evaluation before.

    Args:
        epoch: [s], of the stretches, in order.
        phase: [s].

    >>> repeated(np.array([0, 1, 1, 2, 1, 2]), np.array([0, 0, 1, 0, 0, 0])).tolist()
    [False, True, True, True, False, False]
    """
    behind = {number: _lowest_return_behind(epoch, phase == number) for number in (TRAIN, EVAL)}
    return np.asarray((epoch >= behind[TRAIN]) | ((phase == EVAL) & (epoch >= behind[EVAL])))


def _lowest_return_behind(epoch: NDArray[np.int32], mine: NDArray[np.bool_]) -> NDArray[np.int64]:
    """[s], the lowest epoch that stretches of one phase, `mine` [s], come back to behind each stretch."""
    places = np.flatnonzero(mine)
    returns = places[1:][np.diff(epoch[places]) < 0]
    found = np.full(len(epoch) + 1, _NEVER)
    found[returns] = epoch[returns]
    return np.minimum.accumulate(found[::-1])[::-1][1:]


def returns_in_words(returns: Sequence[EpochReturn]) -> str:
    """In a clause; empty where there are none.

    >>> returns_in_words([EpochReturn(18, 9, 1, 2)])
    'training went back to epoch 1 from 2 at step 9: what it repeated counts twice'
    """
    if not returns:
        return ""
    shown = [f"epoch {found.epoch} from {found.before} at step {found.step}" for found in returns[:_SHOWN]]
    return f"training went back to {', '.join(shown + ['…'] * (len(returns) > _SHOWN))}: what it repeated counts twice"
