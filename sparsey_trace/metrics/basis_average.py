"""Basis average: what a MAC has come to stand for, as a picture in the input's own space."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sparsey_trace.layout import TRAIN
from sparsey_trace.metrics.base import RunMetric
from sparsey_trace.metrics.columns import as_table, column, joined, list_column, phase_column
from sparsey_trace.metrics.folding import exact_sum
from sparsey_trace.metrics.state_checks import check_array, check_number, check_parts
from sparsey_trace.metrics.wiring.receptive_fields import receptive_fields
from sparsey_trace.support.bitsets import sets_of_samples

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import Layout

_VALUES = 1 << 20
"""Of real inputs, or of averages, that are worked on at once."""


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over a stretch of the run that lies in one epoch.

    Attributes:
        epoch: the epoch's number.
        active: [all MACs] int64, how many training samples each MAC was active for.
        parts: exponent to [P] int64, sums of the inputs for each pair (MAC, feature in its
            receptive field), layer by layer; see `exact_sum`.
    """

    epoch: int
    active: NDArray[np.int64]
    parts: dict[int, NDArray[np.int64]]

    def __add__(self, other: Sums) -> Sums:
        """Both stretches together, under the later one's epoch."""
        return Sums(other.epoch, self.active + other.active, exact_sum.add(self.parts, other.parts))


@dataclass(frozen=True)
class BasisAverage(RunMetric[tuple[Sums, ...]]):
    """The mean training input while the MAC was active, inside its projected receptive field.

    Zero outside, and where the MAC was never active. Source: `basis_average` in docs/metrics.md.

    Attributes:
        sparse: keep only the values inside the field, with their features.
        each_epoch: a picture as of the end of every epoch, rather than of the run only.
    """

    name: ClassVar[str] = "basis_average"
    requires: ClassVar[frozenset[str]] = frozenset({"inputs", "active"})
    reductions: ClassVar[tuple[str | None, ...]] = (None, "sparse")
    has_best: ClassVar[bool] = False
    told_samples: ClassVar[str] = "all"
    partial_training: ClassVar[str] = "means over the recorded training samples only"
    state_types: ClassVar[tuple[type, ...]] = (Sums,)

    sparse: bool = False
    each_epoch: bool = False

    @property
    def unit(self) -> str:
        """Of a figure in a summary."""
        return "MACs with an average"

    def configured(self, *, resolution: str, reduction: str | None) -> BasisAverage:
        """Pictures by epoch at resolution `epoch`; sparse ones by that reduction."""
        return BasisAverage(
            sparse=self.sparse or reduction == "sparse", each_epoch=self.each_epoch or resolution == "epoch"
        )

    def init(self, layout: Layout) -> tuple[Sums, ...]:
        """No stretch at all."""
        return ()

    def update(self, state: tuple[Sums, ...], chunk: Chunk) -> tuple[Sums, ...]:
        """Add the chunk's training inputs, epoch by epoch."""
        turns = np.flatnonzero(np.diff(chunk.epoch)) + 1 if self.each_epoch else np.empty(0, np.int64)
        bounds = [0, *turns.tolist(), len(chunk)]
        for start, stop in itertools.pairwise(bounds):
            if start < stop:
                state = self.merge(state, (_sums(chunk[start:stop]),))
        return state

    def merge(self, earlier: tuple[Sums, ...], later: tuple[Sums, ...]) -> tuple[Sums, ...]:
        """Join the stretches where they meet in one epoch; all of them where epochs don't matter."""
        if not earlier or not later:
            return earlier or later
        if self.each_epoch and earlier[-1].epoch != later[0].epoch:
            return earlier + later
        return (*earlier[:-1], earlier[-1] + later[0], *later[1:])

    def check_state(self, state: Any, layout: Layout, samples: int) -> None:
        """Each stretch has a count for each MAC, and sums for each pair (MAC, feature in its field)."""
        check_parts(state, "stretches", tuple)
        for sums in state:
            check_parts(sums, "stretches", Sums)
            check_number(sums.epoch, "epoch", lowest=-(2**31), highest=2**31 - 1)
            check_array(
                sums.active, "active", dtype=np.int64, shape=(layout.num_macs,), lowest=0, below=samples + 1
            )
            check_parts(sums.parts, "sums", dict)
            for exponent, part in sums.parts.items():
                check_number(exponent, "exponent", lowest=exact_sum.LOWEST, highest=exact_sum.HIGHEST)
                check_array(part, "sums", dtype=np.int64, shape=_pairs(layout)[0].shape)

    def finalize(self, state: tuple[Sums, ...], layout: Layout) -> pa.Table:
        """A row for each MAC (each epoch and MAC): what it stands for so far."""
        return joined(list(self.parts(state, layout)))

    def parts(self, state: tuple[Sums, ...], layout: Layout) -> Iterator[pa.Table]:
        """The same, a few MACs at a time, as inputs may be wide."""
        moments = self._moments(state, layout)
        if not moments:
            yield self._rows(_Averages.of(_nothing(layout), layout), range(0))
        for moment in moments:
            averages = _Averages.of(moment, layout)
            for macs in self._blocks(layout):
                yield self._rows(averages, macs)

    def _moments(self, state: tuple[Sums, ...], layout: Layout) -> list[Sums]:
        """What was reached at the end of each epoch, in order; or at the end of the run."""
        so_far: dict[int, Sums] = {}
        reached = _nothing(layout)
        for stretch in state:
            reached = reached + stretch
            so_far[reached.epoch] = reached
        return [so_far[epoch] for epoch in sorted(so_far)] if self.each_epoch else [reached]

    def _blocks(self, layout: Layout) -> Iterator[range]:
        """All MACs, so many at a time that their averages are few."""
        ends = np.concatenate([[0], np.cumsum(_lengths(layout, is_sparse=self.sparse))])
        start = 0
        while start < layout.num_macs:
            fitting = int(np.searchsorted(ends, ends[start] + _VALUES, side="right")) - 1
            stop = max(start + 1, fitting)
            yield range(start, stop)
            start = stop

    def sums(self, state: tuple[Sums, ...], layout: Layout) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """What the averages are made of: [all MACs], how many inputs; [all MACs, D], their sums inside the fields."""
        mac, feature = _pairs(layout)
        sums = np.zeros((layout.num_macs, layout.num_features))
        reached = sum(state, _nothing(layout))
        sums[mac, feature] = exact_sum.total(reached.parts, mac.shape)
        return reached.active, sums

    def _rows(self, averages: _Averages, macs: range) -> pa.Table:
        layout, (mac, feature) = averages.layout, _pairs(averages.layout)
        first, last = np.searchsorted(mac, [macs.start, macs.stop])
        with np.errstate(over="ignore"):  # what float32 doesn't hold is infinite: docs/metrics.md says so
            mean = averages.mean[first:last].astype(np.float32)
        lengths = _lengths(layout, is_sparse=self.sparse)[macs.start : macs.stop]
        offsets = column(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
        dense = mean if self.sparse else np.zeros((len(macs), layout.num_features), np.float32)
        if not self.sparse:
            dense[mac[first:last] - macs.start, feature[first:last]] = mean
        layers, numbers = (found[macs.start : macs.stop] for found in _numbers(layout))
        columns = {
            "phase": phase_column(np.full(len(macs), TRAIN)),
            "layer": column(layers),
            "mac": column(numbers),
            "samples": column(averages.sums.active[macs.start : macs.stop].astype(np.int32)),
            "average": list_column(offsets, column(dense.ravel())),
        }
        if self.each_epoch:
            columns = {"epoch": column(np.full(len(macs), averages.sums.epoch, np.int32)), **columns}
        if self.sparse:
            features = column(feature[first:last].astype(np.int32))
            columns["feature"] = list_column(offsets, features)
        return as_table(columns)


@dataclass(frozen=True, eq=False)
class _Averages:
    """The averages at one moment: for each pair [P] float64 of a MAC and a feature in its field."""

    sums: Sums
    layout: Layout
    mean: NDArray[np.float64]

    @classmethod
    def of(cls, sums: Sums, layout: Layout) -> _Averages:
        mac, _ = _pairs(layout)
        mean = exact_sum.total(sums.parts, mac.shape) / np.maximum(sums.active, 1)[mac]
        return cls(sums, layout, mean)


def _lengths(layout: Layout, *, is_sparse: bool) -> NDArray[np.int64]:
    """[all MACs] how many values each one's average has."""
    if is_sparse:
        return np.bincount(_pairs(layout)[0], minlength=layout.num_macs)
    return np.full(layout.num_macs, layout.num_features)


def _numbers(layout: Layout) -> tuple[NDArray[np.int16], NDArray[np.int32]]:
    """[all MACs] the layer of each, and its number there."""
    sizes = [layer.num_macs for layer in layout.layers]
    return (
        np.repeat(np.arange(len(sizes), dtype=np.int16), sizes),
        np.concatenate([np.arange(size, dtype=np.int32) for size in sizes]),
    )


def _nothing(layout: Layout) -> Sums:
    return Sums(0, np.zeros(layout.num_macs, np.int64), {})


def _sums(chunk: Chunk) -> Sums:
    assert chunk.inputs is not None
    times = np.concatenate(chunk.active_sets) & sets_of_samples(chunk.is_train[:, None])
    return Sums(
        int(chunk.epoch[0]),
        np.bitwise_count(times).sum(axis=1, dtype=np.int64),
        {0: _common(chunk, times)} if chunk.inputs.dtype == np.uint8 else _real(chunk),
    )


def _common(chunk: Chunk, times: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Sums of zeros and ones: how often both were on."""
    from sparsey_trace.kernels.common import count_common

    counts: NDArray[np.int64] = count_common(times, chunk.on_sets, *_pairs(chunk.layout))
    return counts


def _real(chunk: Chunk) -> dict[int, NDArray[np.int64]]:
    """Sums of real inputs, a few samples at a time, as inputs may be wide."""
    from sparsey_trace.kernels.pair_sums import add_where

    assert chunk.inputs is not None
    mac, feature = _pairs(chunk.layout)
    train = np.flatnonzero(chunk.is_train)
    sums: dict[int, NDArray[np.int64]] = {}
    at_once = max(1, _VALUES // chunk.layout.num_features)
    for start in range(0, len(train), at_once):
        some = train[start : start + at_once]
        active = np.concatenate([layer[some] for layer in chunk.active], axis=1)
        masks = -active.T.astype(np.int64, order="C")
        for exponent, part in exact_sum.parts_of(chunk.inputs[some]).items():
            if exponent not in sums:
                sums[exponent] = np.zeros(len(mac), np.int64)
            add_where(part.T.astype(np.int64, order="C"), masks, mac, feature, sums[exponent])
    return sums


@lru_cache(maxsize=8)
def _pairs(layout: Layout) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The MAC [P], of all layers' together, and the feature [P] of every pair of them."""
    fields = receptive_fields(layout)
    sizes = np.concatenate([field.sizes for field in fields])
    mac = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    return mac, np.concatenate([field.features for field in fields])
