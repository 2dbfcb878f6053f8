"""Basis set size: how many codes a MAC has learnt, and how many of them are new.

The fold keeps, for every code of every MAC, the first training sample that showed it; both the size
at any moment and its increase are counts of those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sparsey_trace.metrics.base import CODES_AND_ACTIVITY, Best, Context, OverSamples, Rows, SampleMetric
from sparsey_trace.metrics.codes import bits_of, code_keys, first_of_each, key_dtype, key_macs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sparsey_trace.layout import Chunk, LayerLayout, Layout

FirstSeen = tuple[tuple["NDArray[Any]", "NDArray[np.int64]"], ...]
"""Per layer: the distinct keys [C], sorted, and the sample [C] that showed each first."""

_NOTHING = np.iinfo(np.uint64).max


@dataclass(frozen=True)
class BasisSetSize(SampleMetric[FirstSeen]):
    """How many distinct codes each MAC has emitted, active, in training so far.

    Source: `basis_set_size` in docs/metrics.md. Exact for every code length.
    """

    name: ClassVar[str] = "basis_set_size"
    requires: ClassVar[frozenset[str]] = CODES_AND_ACTIVITY
    best: ClassVar[Best] = "lowest"
    over_samples: ClassVar[OverSamples] = "last"
    counts: ClassVar[bool] = True
    partial_training: ClassVar[str] = "a lower bound: codes that only unrecorded steps showed are not counted"

    @property
    def fold_key(self) -> str:
        """Shared by the size and its increase."""
        return "first seen codes"

    def init(self, layout: Layout) -> FirstSeen:
        """No codes at all."""
        return tuple((np.empty(0, key_dtype(layer)), np.empty(0, np.int64)) for layer in layout.layers)

    def update(self, state: FirstSeen, chunk: Chunk) -> FirstSeen:
        """Add the codes of the chunk's training samples."""
        new = tuple(
            _first_in_chunk(layer, chunk, codes, active)
            for layer, codes, active in zip(chunk.layout.layers, chunk.codes, chunk.active, strict=True)
        )
        return self.merge(state, new)

    def merge(self, earlier: FirstSeen, later: FirstSeen) -> FirstSeen:
        """Keep the first sample of every code."""
        return tuple(_insert(old, new) for old, new in zip(earlier, later, strict=True))

    def finalize(self, state: FirstSeen, layout: Layout) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Per layer, in the order of samples: when a new code was seen [C] and by which MAC [C]."""
        growth = []
        for layer, (keys, first) in zip(layout.layers, state, strict=True):
            order = np.argsort(first, kind="stable")
            growth.append((first[order], key_macs(layer, keys)[order]))
        return growth

    def sizes(self, state: FirstSeen, layout: Layout) -> list[NDArray[np.int64]]:
        """Per layer [M]: the sizes after all that the state has seen."""
        return [
            _sizes(layer, key_macs(layer, keys))
            for layer, (keys, _) in zip(layout.layers, state, strict=True)
        ]

    def rows_stay(self, notes: Mapping[str, Any]) -> bool:
        """Codes that come later count later."""
        return True

    def rows(self, chunk: Chunk, layout: Layout, context: Context) -> Rows:
        """The size after each sample."""
        sizes = []
        for layer, (when, mac) in zip(layout.layers, context.result, strict=True):
            before = _sizes(layer, mac[: np.searchsorted(when, chunk.start)])
            sizes.append(before + np.cumsum(_increase(layer, chunk, when, mac), axis=0))
        return Rows(values=sizes)


@dataclass(frozen=True)
class BasisSetSizeIncrease(BasisSetSize):
    """How many codes of each MAC are new: the growth of the basis set size.

    Source: `basis_set_size_increase` in docs/metrics.md.
    """

    name: ClassVar[str] = "basis_set_size_increase"
    over_samples: ClassVar[OverSamples] = "sum"
    partial_training: ClassVar[str] = (
        "of the recorded steps alone: codes that unrecorded ones showed first count as new when they come again"
    )

    def rows_stay(self, notes: Mapping[str, Any]) -> bool:
        """A code that was new once is new for ever."""
        return True

    def rows(self, chunk: Chunk, layout: Layout, context: Context) -> Rows:
        """1 where a sample's code is new, else 0."""
        growth = zip(layout.layers, context.result, strict=True)
        return Rows(values=[_increase(layer, chunk, when, mac) for layer, (when, mac) in growth])


def _first_in_chunk(
    layer: LayerLayout, chunk: Chunk, codes: NDArray[Any], active: NDArray[np.bool_]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    learnt = active & chunk.is_train[:, None]
    keys = code_keys(layer, codes)
    place_bits = bits_of(max(2, len(chunk)))
    key_bits = bits_of(layer.num_macs) + layer.num_cms * bits_of(layer.num_neurons)
    if key_bits + place_bits >= 64:
        place, mac = np.nonzero(learnt)
        return first_of_each(keys[place, mac], chunk.start + place)
    # Key and place in one number: a plain sort, many times faster than argsort, then finds both.
    shift = np.uint64(place_bits)
    packed = np.where(learnt, keys << shift | np.arange(len(chunk), dtype=np.uint64)[:, None], _NOTHING)
    by_mac = np.sort(packed.T, axis=1)
    is_first = np.ones(by_mac.shape, np.bool_)
    is_first[:, 1:] = by_mac[:, 1:] >> shift != by_mac[:, :-1] >> shift
    found = by_mac[is_first & (by_mac != _NOTHING)]
    place = found & ((np.uint64(1) << shift) - np.uint64(1))
    return found >> shift, chunk.start + place.astype(np.int64)


def _insert(
    old: tuple[NDArray[Any], NDArray[np.int64]], new: tuple[NDArray[Any], NDArray[np.int64]]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    (keys, first), (new_keys, new_first) = old, new
    if not len(keys) or not len(new_keys):
        return old if len(keys) else new
    place = np.searchsorted(keys, new_keys)
    known = keys[np.minimum(place, len(keys) - 1)] == new_keys
    unknown = ~known
    first = first.copy()
    np.minimum.at(first, place[known], new_first[known])
    return (
        np.insert(keys, place[unknown], new_keys[unknown]),
        np.insert(first, place[unknown], new_first[unknown]),
    )


def _sizes(layer: LayerLayout, mac: NDArray[np.int64]) -> NDArray[np.int64]:
    """[M], from the MACs [C] of distinct codes."""
    return np.bincount(mac, minlength=layer.num_macs)


def _increase(
    layer: LayerLayout, chunk: Chunk, when: NDArray[np.int64], mac: NDArray[np.int64]
) -> NDArray[np.int64]:
    start, stop = np.searchsorted(when, [chunk.start, chunk.start + len(chunk)])
    grown = np.zeros((len(chunk), layer.num_macs), np.int64)
    grown[when[start:stop] - chunk.start, mac[start:stop]] = 1
    return grown
