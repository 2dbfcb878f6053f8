"""Exact totals of a metric over a run, however its samples were cut into steps: what a summary is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sparsey_trace.errors import DataError
from sparsey_trace.layout import PHASES, TRAIN
from sparsey_trace.metrics.state_checks import check_array, check_parts
from sparsey_trace.tables.groups import Groups, as_numbers, carried, check_groups

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.metrics.base import OverSamples

LATELY = 1000
"""In a run of one epoch, now means so many training samples."""


@dataclass(frozen=True, eq=False, kw_only=True)
class RunTotals:
    """Totals of all epochs, and of the last training samples.

    Attributes:
        epochs: a group for each epoch and phase.
        sums: the same groups as sums, where `epochs` holds last values.
        latest: [2] int64, the epoch of each phase's last sample; -1 where it has none.
        last: a group for each phase: its samples since it came to its latest epoch, for the last time.
        is_one: [2] bool, whether all samples of each phase were of one epoch so far.
        tail: the last training samples, a group each, with a total for each layer; of a run of one epoch.
    """

    epochs: Groups
    sums: Groups | None
    latest: NDArray[np.int64]
    last: Groups
    is_one: NDArray[np.bool_]
    tail: Groups

    @classmethod
    def of(
        cls,
        chunk: Chunk,
        sample: NDArray[np.int64],
        values: Sequence[NDArray[Any]],
        *,
        over_samples: OverSamples,
        may_lack: bool = False,
        steps: Groups | None = None,
    ) -> RunTotals:
        """Those of a chunk.

        Args:
            chunk: the chunk.
            sample: [n] ascending positions in it, of the samples that have values.
            values: a [n, M] for each layer.
            over_samples: what stands for a group.
            may_lack: whether nan stands for a value that there isn't.
            steps: the same values by step, where these are known.
        """
        how: dict[str, Any] = {"resolution": "epoch", "may_lack": may_lack}
        if steps is None:
            epochs = Groups.of(chunk, sample, values, over_samples=over_samples, **how)
        else:
            epochs = steps.by_epoch()
        is_last = over_samples == "last"
        turns = [_last_turn(chunk, sample, phase) for phase in range(len(PHASES))]
        latest = np.array([turn.epoch for turn in turns], np.int64)
        last = epochs[epochs.epoch == latest[epochs.phase]]
        if any(turn.came_back for turn in turns):
            kept = np.sort(np.concatenate([turn.samples for turn in turns]))
            of_kept = [part[kept] for part in values]
            last = Groups.of(chunk, sample[kept], of_kept, over_samples=over_samples, **how)
        return cls(
            epochs=epochs,
            sums=Groups.of(chunk, sample, values, over_samples="sum", **how) if is_last else None,
            latest=latest,
            last=last,
            is_one=np.array([turn.is_one for turn in turns]),
            tail=_tail(chunk, sample, values, epochs),
        )

    def followed_by(self, later: RunTotals) -> RunTotals:
        """With the totals of a later stretch of the run."""
        epochs = self.epochs.followed_by(later.epochs)
        tail = self.tail.followed_by(later.tail)[-LATELY:]
        begun, more = (np.isin(range(len(PHASES)), totals.last.phase) for totals in (self, later))
        is_one = later.is_one & (~begun | (self.latest == later.latest))
        return RunTotals(
            epochs=epochs,
            sums=None if self.sums is None or later.sums is None else self.sums.followed_by(later.sums),
            latest=np.where(more, later.latest, self.latest),
            last=self.last[(~more | is_one)[self.last.phase]].followed_by(later.last),
            is_one=np.where(more, self.is_one & is_one, self.is_one),
            tail=tail if _is_one(epochs) else tail[:0],
        )

    def of_phase(self, phase: int) -> Groups:
        """The groups of one phase, in order of epochs."""
        return self.epochs[self.epochs.phase == phase]

    def lately(self) -> NDArray[np.float64] | None:
        """[L] float64, the mean of each layer's MACs over the last training samples; None where an epoch says more."""
        if len(self.tail) < LATELY:
            return None
        counts = self.tail.counts().sum(axis=0)
        return np.asarray(as_numbers(carried(self.tail.totals.sum(axis=1))) / counts, np.float64)


def check_totals(
    found: Any, names: Collection[str], *, over_samples: OverSamples, width: int, layers: int, samples: int
) -> None:
    """See that what was read is totals of these names, of which every number is possible.

    Args:
        found: what was read.
        names: of a table's metric, and of what else it tells.
        over_samples: of the metric.
        width: how many values a sample has.
        layers: how many layers there are.
        samples: how many samples there were so far.

    Raises:
        DataError: it is something else.
    """
    check_parts(found, "totals", dict, count=len(names))
    if found.keys() != set(names):
        msg = f"totals: expected those of {', '.join(sorted(names))}, found others"
        raise DataError(msg)
    for totals in found.values():
        check_parts(totals, "totals", RunTotals)
        about: dict[str, Any] = {"samples": samples}
        check_groups(totals.epochs, resolution="epoch", over_samples=over_samples, width=width, **about)
        if over_samples == "last":
            check_groups(totals.sums, resolution="epoch", over_samples="sum", width=width, **about)
        check_groups(totals.tail, resolution=None, over_samples=over_samples, width=layers, **about)
        check_groups(totals.last, resolution="epoch", over_samples=over_samples, width=width, **about)
        check_array(totals.latest, "latest", dtype=np.int64, shape=(len(PHASES),))
        check_array(totals.is_one, "is_one", dtype=np.bool_, shape=(len(PHASES),))


def last_turn(epochs: NDArray[np.int32]) -> int:
    """From where on epochs [n], of samples of one phase in order, are the last one's: since it came for the last time.

    >>> last_turn(np.array([0, 1, 1, 2, 1, 1])), last_turn(np.array([0, 0]))
    (4, 0)
    """
    starts = np.flatnonzero(np.diff(epochs)) + 1
    return int(starts[-1]) if len(starts) else 0


class _Turn(NamedTuple):
    """The last samples of a phase that are of one epoch.

    Attributes:
        epoch: theirs; -1 where there are none.
        samples: [n] their places among those that have values.
        is_one: whether these are all of the phase.
        came_back: whether others of the same epoch stand before.
    """

    epoch: int
    samples: NDArray[np.int64]
    is_one: bool
    came_back: bool


def _last_turn(chunk: Chunk, sample: NDArray[np.int64], phase: int) -> _Turn:
    mine = np.flatnonzero(chunk.phase[sample] == phase)
    epochs = chunk.epoch[sample[mine]]
    first = last_turn(epochs)
    latest = int(epochs[-1]) if len(epochs) else -1
    came_back = bool((epochs[:first] == latest).any())
    return _Turn(epoch=latest, samples=mine[first:], is_one=not first, came_back=came_back)


def _is_one(epochs: Groups) -> bool:
    return len(np.unique(epochs.epoch)) <= 1


def _tail(chunk: Chunk, sample: NDArray[np.int64], values: Sequence[NDArray[Any]], epochs: Groups) -> Groups:
    """The last training samples of the chunk, if it is of one epoch and last values aren't what counts."""
    train = np.flatnonzero(chunk.phase[sample] == TRAIN)[-LATELY:]
    if epochs.over_samples == "last" or not _is_one(epochs):
        train = train[:0]
    return Groups.by_layer(
        chunk,
        sample[train],
        [part[train] for part in values],
        over_samples=epochs.over_samples,
        may_lack=epochs.known is not None,
    )
