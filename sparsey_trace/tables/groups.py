"""From values per sample to values per step, epoch or run, exactly and in any order.

Sums are kept as whole numbers, so they come out the same however the run is cut. Real values are
rounded to 2^-40 first and kept in two numbers, units and 2^-40ths: that is exact for billions of
samples, and twenty thousand times finer than the float32 of a share that ends up in the table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import DataError
from sparsey_trace.metrics.state_checks import check_array, check_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.metrics.base import OverSamples

_PART_BITS = 40

_LARGEST = 2.0**31
"""What values have to lie below so that the sum of four billion of them can't overflow."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Groups:
    """Totals of g groups of samples, ordered by key.

    Attributes:
        over_samples: what will stand for a group: `mean`, `sum` or `last`.
        key: [g] int64, what tells groups apart; see `group_keys`.
        step: [g] int64, of the group's first sample.
        epoch: [g] int32, of the group's first sample.
        phase: [g] uint8.
        samples: [g] int64, how many samples there are in each.
        totals: [2, g, X] int64 units and 2^-40ths for means, else [1, g, X].
        known: [g, X] int64, how many samples have a value; None where all have.
    """

    over_samples: OverSamples
    key: NDArray[np.int64]
    step: NDArray[np.int64]
    epoch: NDArray[np.int32]
    phase: NDArray[np.uint8]
    samples: NDArray[np.int64]
    totals: NDArray[np.int64]
    known: NDArray[np.int64] | None = None

    @classmethod
    def of(
        cls,
        chunk: Chunk,
        sample: NDArray[np.int64],
        values: Sequence[NDArray[Any]],
        *,
        resolution: str,
        over_samples: OverSamples,
        may_lack: bool = False,
    ) -> Groups:
        """Group values, a [n, M] for each layer, of the samples at ascending positions [n] of a chunk.

        Args:
            chunk: the chunk.
            sample: the positions.
            values: the values.
            resolution: what makes a group; see `group_keys`.
            over_samples: what stands for one.
            may_lack: whether nan stands for a value that there isn't, and doesn't count.
        """
        key, first, group, samples = np.unique(
            group_keys(chunk, resolution)[sample], return_index=True, return_inverse=True, return_counts=True
        )
        known = None
        if may_lack:
            known = _totals(
                [(~np.isnan(part)).view(np.int8) for part in values], group, len(key), whole=True
            )[0]
            values = [np.nan_to_num(part, nan=0.0) for part in values]
        if over_samples == "last":
            last = np.zeros(len(key), np.int64)
            last[group] = np.arange(len(group))
            totals = np.concatenate([part[last] for part in values], axis=1)[None]
        else:
            totals = _totals(values, group, len(key), whole=over_samples == "sum")
        return cls(
            over_samples=over_samples,
            key=key,
            step=chunk.step[sample[first]],
            epoch=chunk.epoch[sample[first]],
            phase=chunk.phase[sample[first]],
            samples=samples.astype(np.int64),
            totals=totals.astype(np.int64, copy=False),
            known=known,
        )

    @classmethod
    def by_layer(
        cls,
        chunk: Chunk,
        sample: NDArray[np.int64],
        values: Sequence[NDArray[Any]],
        *,
        over_samples: OverSamples,
        may_lack: bool = False,
    ) -> Groups:
        """A group for each of the samples, with the total of each layer's MACs; arguments as of `of`."""
        known = [np.full(len(part), part.shape[1]) for part in values]
        if may_lack:
            known = [np.count_nonzero(~np.isnan(part), axis=1) for part in values]
            values = [np.nan_to_num(part, nan=0.0) for part in values]
        whole = over_samples != "mean"
        # MAC by MAC as if these were samples.
        totals = [
            _totals([part.T], np.zeros(part.shape[1], np.int64), 1, whole=whole)[:, 0] for part in values
        ]
        return cls(
            over_samples=over_samples,
            key=chunk.sample[sample],
            step=chunk.step[sample],
            epoch=chunk.epoch[sample],
            phase=chunk.phase[sample],
            samples=np.ones(len(sample), np.int64),
            totals=np.stack(totals, axis=2),
            known=np.stack(known, axis=1).astype(np.int64, copy=False),
        )

    def __len__(self) -> int:
        """The number of groups."""
        return len(self.key)

    def __getitem__(self, part: slice | NDArray[np.bool_]) -> Groups:
        """Some of the groups."""
        return Groups(
            over_samples=self.over_samples,
            key=self.key[part],
            step=self.step[part],
            epoch=self.epoch[part],
            phase=self.phase[part],
            samples=self.samples[part],
            totals=self.totals[:, part],
            known=None if self.known is None else self.known[part],
        )

    def followed_by(self, later: Groups) -> Groups:
        """With the groups of a later stretch of the run; equal keys become one."""
        return Groups(
            over_samples=self.over_samples,
            key=np.concatenate([self.key, later.key]),
            step=np.concatenate([self.step, later.step]),
            epoch=np.concatenate([self.epoch, later.epoch]),
            phase=np.concatenate([self.phase, later.phase]),
            samples=np.concatenate([self.samples, later.samples]),
            totals=np.concatenate([self.totals, later.totals], axis=1),
            known=None
            if self.known is None or later.known is None
            else np.concatenate([self.known, later.known]),
        )._combined()

    def by_epoch(self) -> Groups:
        """Groups of steps as one for each epoch and phase."""
        key = _epoch_keys(self.epoch, self.phase)
        return replace(self, key=key)._combined()

    def values(self) -> NDArray[Any]:
        """[g, X], what stands for each group: float64 means, nan where no sample has a value; else int64."""
        if self.over_samples != "mean":
            return np.asarray(self.totals[0])
        sums, counts = as_numbers(self.totals), self.counts()
        return np.asarray(np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0))

    def counts(self) -> NDArray[np.int64]:
        """[g, X] int64, of how many samples each is."""
        of_all = np.broadcast_to(self.samples[:, None], self.totals.shape[1:])
        return of_all if self.known is None else self.known

    def _combined(self) -> Groups:
        order = np.argsort(self.key, kind="stable")
        key = self.key[order]
        starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else order
        first = order[starts]
        totals = self.totals if (order[1:] > order[:-1]).all() else self.totals[:, order]
        if len(starts) < len(key):
            if self.over_samples == "last":
                totals = totals[:, np.append(starts[1:], len(key)) - 1]
            else:
                totals = np.add.reduceat(totals, starts, axis=1)
                totals = carried(totals)
        known = self.known
        if known is not None:
            known = np.add.reduceat(known[order], starts, axis=0) if len(starts) else known
        return Groups(
            over_samples=self.over_samples,
            key=key[starts],
            step=self.step[first],
            epoch=self.epoch[first],
            phase=self.phase[first],
            samples=np.add.reduceat(self.samples[order], starts) if len(starts) else self.samples,
            totals=totals,
            known=known,
        )


def check_groups(
    found: Any, *, resolution: str | None, over_samples: OverSamples, width: int, samples: int
) -> None:
    """See that what was read is groups of which every number is possible.

    Args:
        found: what was read.
        resolution: of the table; None for groups of single samples.
        over_samples: of its metric.
        width: how many values a group has.
        samples: how many samples there were so far.

    Raises:
        DataError: it is something else.
    """
    check_parts(found, "groups", Groups)
    if found.over_samples != over_samples:
        msg = f"over_samples: expected {over_samples}, found {str(found.over_samples)[:80]}"
        raise DataError(msg)
    check_array(found.key, "key", dtype=np.int64, shape=(None,), order="rising")
    one_each = (len(found.key),)
    check_array(found.step, "step", dtype=np.int64, shape=one_each, lowest=0)
    check_array(found.epoch, "epoch", dtype=np.int32, shape=one_each)
    check_array(found.phase, "phase", dtype=np.uint8, shape=one_each, below=2)
    check_array(found.samples, "samples", dtype=np.int64, shape=one_each, lowest=1, below=samples + 1)
    parts = 2 if over_samples == "mean" else 1
    check_array(found.totals, "totals", dtype=np.int64, shape=(parts, *one_each, width))
    if parts == 2:
        check_array(
            found.totals[1],
            "2^-40ths",
            dtype=np.int64,
            shape=(*one_each, width),
            lowest=0,
            below=1 << _PART_BITS,
        )
    if found.known is not None:
        check_array(found.known, "known", dtype=np.int64, shape=(*one_each, width), lowest=0)
    if resolution is not None and (found.key != group_keys(found, resolution)).any():
        msg = "key: expected those of the groups' steps, epochs and phases, found others"
        raise DataError(msg)


def as_numbers(totals: NDArray[np.int64]) -> NDArray[Any]:
    """Totals [1, ...] or [2, ...] as numbers: int64 counts, or float64."""
    if len(totals) == 1:
        return np.asarray(totals[0])
    units, parts = totals
    return np.asarray(units + np.ldexp(parts.astype(np.float64), -_PART_BITS))


def group_keys(chunk: Chunk | Groups, resolution: str) -> NDArray[np.int64]:
    """[n] int64, equal for samples of one group, ordered as groups are in tables.

    A step has one phase; epochs and the run have a group for each, training first.
    """
    phase = chunk.phase.astype(np.int64)
    if resolution == "step":
        return chunk.step
    return phase if resolution == "run" else _epoch_keys(chunk.epoch, chunk.phase)


def _epoch_keys(epoch: NDArray[np.int32], phase: NDArray[np.uint8]) -> NDArray[np.int64]:
    return epoch.astype(np.int64) * 2 + phase


def _totals(
    values: Sequence[NDArray[Any]], group: NDArray[np.int64], groups: int, *, whole: bool
) -> NDArray[np.int64]:
    """[1, g, X] sums of counts, or [2, g, X] sums of fractions.

    Raises:
        DataError: a fraction is not finite, or so large that the sum of all of them could overflow.
    """
    if not whole:
        parts = [_fractions(np.ascontiguousarray(part, np.float64), group, groups) for part in values]
        return carried(np.concatenate(parts, axis=2))
    return np.concatenate([_counts(part, group, groups) for part in values], axis=1)[None]


def _counts(values: NDArray[Any], group: NDArray[np.int64], groups: int) -> NDArray[np.int64]:
    """[g, M] sums of one layer's counts [n, M]."""
    from sparsey_trace.kernels.sums import add_counts

    totals = np.zeros((groups, values.shape[1]), np.int64)
    add_counts(values, group, totals)
    return totals


def _fractions(values: NDArray[np.float64], group: NDArray[np.int64], groups: int) -> NDArray[np.int64]:
    """[2, g, M] sums of one layer's fractions [n, M], in units and 2^-40ths, of which there may be more than a unit.

    Raises:
        DataError: one is not finite, or too large.
    """
    from sparsey_trace.kernels.sums import add_fractions

    totals = np.zeros((groups, values.shape[1]), np.int64)
    # What all have to lie below so that a chunk's 2^-40ths can't overflow.
    limit = 2 ** (62 - _PART_BITS) / max(1, len(group))
    if add_fractions(values, group, 2.0**_PART_BITS, limit, totals):
        return np.stack([np.zeros_like(totals), totals])
    if not (np.abs(values) < _LARGEST).all():
        msg = (
            f"values of a metric: expected finite numbers below {_LARGEST:.0f}, found {np.abs(values).max()}"
        )
        raise DataError(msg)
    units, parts = np.floor(values), np.zeros_like(totals)
    add_fractions(values - units, group, 2.0**_PART_BITS, limit, parts)
    return np.stack([_counts(units.astype(np.int64), group, groups), parts])


def carried(totals: NDArray[np.int64]) -> NDArray[np.int64]:
    """Totals [1, ...], or [2, ...] whose 2^-40ths are fewer than make a unit."""
    if len(totals) == 1:
        return totals
    units, parts = totals
    return np.stack([units + (parts >> _PART_BITS), parts & ((1 << _PART_BITS) - 1)])
