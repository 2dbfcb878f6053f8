"""What the samples of a trace come to in numbers; a closed one tells them, so that nobody has to read all for that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.layout import MARKS, NO_LABEL, PHASES, TRAIN
from sparsey_trace.support.distinct import distinct
from sparsey_trace.trace.format.told_at_close import ToldAtClose

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import h5py
    from numpy.typing import NDArray

COLUMNS = ("step", "epoch", "phase", *MARKS.values())
"""Of `/samples`, what is counted."""
NAMES = ("steps", "epochs", *PHASES, *MARKS, "returns")
"""Steps, different epochs, samples of each phase, those of which each mark is known, and where training went back to an
earlier epoch."""

TOLD = ToldAtClose("counts", 400)


@dataclass(frozen=True, kw_only=True)
class Counting:
    """What the samples so far come to, counted stretch by stretch, in order.

    Attributes:
        counts: how many, by `NAMES`, but for epochs.
        epochs: those that there are.
        step: that of the last sample; empty before the first.
        epoch: that of the last training sample; empty before the first.
    """

    counts: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    epochs: frozenset[int] = frozenset()
    step: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    epoch: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))

    def then(self, samples: Mapping[str, NDArray[Any]]) -> Counting:
        """With the next samples: each of `COLUMNS` [n]."""
        step, epoch, phase, *marks = (samples[name] for name in COLUMNS)
        steps = np.concatenate([self.step, step])
        train = np.concatenate([self.epoch, epoch[phase == TRAIN]])
        more = {"steps": np.count_nonzero(np.diff(steps)) + (len(self.step) < min(1, len(step)))}
        more |= {name: np.count_nonzero(phase == number) for number, name in enumerate(PHASES)}
        more |= {name: np.count_nonzero(mark != NO_LABEL) for name, mark in zip(MARKS, marks, strict=True)}
        more |= {"returns": np.count_nonzero(train[1:] < train[:-1])}
        return Counting(
            counts={name: count + int(more.get(name, 0)) for name, count in self.counts.items()},
            epochs=self.epochs.union(distinct(epoch).tolist()),
            step=steps[-1:],
            epoch=train[-1:],
        )

    @property
    def found(self) -> dict[str, int]:
        """How many, by `NAMES`."""
        return {**self.counts, "epochs": len(self.epochs)}


def counted(stretches: Iterable[Mapping[str, NDArray[Any]]]) -> dict[str, int]:
    """What stretches of samples that follow each other come to, each of `COLUMNS` [n]."""
    counting = Counting()
    for samples in stretches:
        counting = counting.then(samples)
    return counting.found


def fitting(told: dict[str, int], samples: int) -> dict[str, int]:
    """What a file tells, where it can be of so many samples; else nothing."""
    return told if told and sum(told[name] for name in PHASES) == samples else {}


def read_counts(file: h5py.File) -> dict[str, int]:
    """What the file tells of its samples; nothing where it doesn't.

    Raises:
        KeyError, ValueError: it tells something else.
    """
    found = TOLD.read(file)
    is_right = isinstance(found, dict) and (not found or found.keys() == set(NAMES))
    if not is_right or not all(type(count) is int and count >= 0 for count in found.values()):
        msg = f"{TOLD.name}: expected how many {', '.join(NAMES)}, as a JSON object, found {str(found)[:80]}"
        raise ValueError(msg)
    return dict(found)
