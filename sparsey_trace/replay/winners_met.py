"""What chance needs of a chunk: how often neurons won in training, and the codes of the eval samples asked about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.layout import EVAL, TRAIN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import LayerLayout


@dataclass(frozen=True, eq=False)
class ListedWinners:
    """Neurons of a layer.

    Attributes:
        ends: [M * Q] int64, where those of each CM end.
        winners: [U] as codes, ascending within each CM.
    """

    ends: NDArray[np.int64]
    winners: NDArray[Any]

    @classmethod
    def all_of(cls, layer: LayerLayout) -> ListedWinners:
        """Every neuron."""
        cms = layer.num_macs * layer.num_cms
        ends = np.arange(1, cms + 1) * layer.num_neurons
        return cls(ends, np.tile(np.arange(layer.num_neurons, dtype=layer.code_dtype), cms))

    @classmethod
    def of(cls, layer: LayerLayout, codes: Iterable[NDArray[Any]]) -> ListedWinners:
        """The neurons that are in codes, each [n, M, Q]."""
        cms = layer.num_macs * layer.num_cms
        first = np.arange(cms) * layer.num_neurons
        found = np.empty(0, np.int64)
        for part in codes:
            found = np.union1d(found, (first + part.reshape(-1, cms)).ravel())
        ends = np.searchsorted(found, first + layer.num_neurons)
        return cls(ends, (found % layer.num_neurons).astype(layer.code_dtype))

    def count(self, codes: NDArray[Any], active: NDArray[np.bool_], wins: NDArray[np.int64]) -> None:
        """Add to wins [U] those of samples: codes [n, M, Q], activity [n, M]."""
        from sparsey_trace.kernels.listed_winners import count_listed

        count_listed(np.ascontiguousarray(codes), np.ascontiguousarray(active), self.ends, self.winners, wins)

    def sums(
        self, codes: NDArray[Any], active: NDArray[np.bool_], wins: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """[n, M], the wins [U] of the winners of each sample, in active MACs."""
        from sparsey_trace.kernels.listed_winners import sum_listed

        sums = np.zeros(active.shape, np.int64)
        codes, active = np.ascontiguousarray(codes), np.ascontiguousarray(active)
        sum_listed(codes, active, self.ends, self.winners, wins, sums)
        return sums


@dataclass(frozen=True, eq=False, kw_only=True)
class Trained:
    """A stretch of training samples.

    Attributes:
        samples: how many.
        wins: per layer [U] int64.
        was_active: per layer [M] int64, in how many samples each MAC was active.
        drawn: per layer the codes [M, Q] and activity [M] of the samples that were drawn, in order.
    """

    samples: int
    wins: tuple[NDArray[np.int64], ...]
    was_active: tuple[NDArray[np.int64], ...]
    drawn: tuple[list[tuple[NDArray[Any], NDArray[np.bool_]]], ...]


@dataclass(frozen=True, eq=False)
class Asked:
    """A stretch of eval samples that are asked about: per layer codes [n, M, Q] and activity [n, M]."""

    codes: tuple[NDArray[Any], ...]
    active: tuple[NDArray[np.bool_], ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class WinnersMet:
    """What is gathered, chunk by chunk, in whichever process.

    Attributes:
        epoch: of the eval samples that are asked about.
        start: the first of them.
        stop: the sample behind the last of them.
        listed: per layer the neurons whose wins are counted.
        drawn: ascending, the training samples whose codes are wanted.
    """

    epoch: int
    start: int
    stop: int
    listed: tuple[ListedWinners, ...]
    drawn: NDArray[np.int64]

    def wants(self, start: int, phase: NDArray[np.uint8], epoch: NDArray[np.int32]) -> bool:
        """Whether anything is to be had of samples from one on, by their phases [n] and epochs [n]."""
        return bool(self._kinds(start, phase, epoch).any())

    def gather(self, chunk: Chunk) -> list[Trained | Asked]:
        """Its stretches, in order; the chunk has codes and activity."""
        kinds = self._kinds(chunk.start, chunk.phase, chunk.epoch)
        starts = np.flatnonzero(np.diff(kinds, prepend=-1))
        return [
            self._trained(part) if kinds[start] == _TRAINED else Asked(part.codes, part.active)
            for start, stop in zip(starts.tolist(), [*starts[1:].tolist(), len(chunk)], strict=True)
            if kinds[start]
            for part in [chunk[start:stop]]
        ]

    def _kinds(
        self, start: int, phase: NDArray[np.uint8], epoch: NDArray[np.int32]
    ) -> NDArray[np.integer[Any]]:
        """[n], what each sample is here."""
        asked = (phase == EVAL) & (epoch == self.epoch)
        asked[: max(0, self.start - start)] = False
        kinds = np.where(phase == TRAIN, _TRAINED, np.where(asked, _ASKED, 0))
        kinds[max(0, self.stop - start) :] = 0
        return kinds

    def _trained(self, part: Chunk) -> Trained:
        wins = tuple(np.zeros(len(listed.winners), np.int64) for listed in self.listed)
        for listed, codes, active, of_layer in zip(self.listed, part.codes, part.active, wins, strict=True):
            listed.count(codes, active, of_layer)
        first, last = np.searchsorted(self.drawn, [part.start, part.start + len(part)])
        drawn = self.drawn[first:last] - part.start
        return Trained(
            samples=len(part),
            wins=wins,
            was_active=tuple(active.sum(axis=0) for active in part.active),
            drawn=tuple(
                [(codes[one].copy(), active[one].copy()) for one in drawn.tolist()]
                for codes, active in zip(part.codes, part.active, strict=True)
            ),
        )


_TRAINED, _ASKED = 1, 2
