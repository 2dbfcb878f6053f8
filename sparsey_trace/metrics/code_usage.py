"""Code usage: how many of its neurons a CM uses, and how evenly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sparsey_trace.layout import PHASES, TRAIN
from sparsey_trace.metrics.base import CODES_AND_ACTIVITY, RunMetric
from sparsey_trace.metrics.columns import as_table, column, joined, phase_column
from sparsey_trace.metrics.state_checks import check_array, check_number, check_parts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    import pyarrow as pa
    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import LayerLayout, Layout

    Won: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]
    """Neurons [n] that won, ascending, by their numbers: layer by layer, MAC by MAC, CM by CM; and how often [n]."""

    Wins: TypeAlias = dict[tuple[int, int], Won]
    """By epoch and phase."""

_AT_ONCE = 1 << 20
"""Neurons that are looked at together."""


@dataclass(frozen=True)
class CodeUsage(RunMetric["Wins"]):
    """How many of its neurons each CM uses, and how evenly, while its MAC is active.

    Over each epoch's samples, or the run's; of training and of evaluation apart.
    Source: `code_usage` in docs/metrics.md.

    Attributes:
        each_epoch: rows for every epoch, rather than for the run as a whole.
    """

    name: ClassVar[str] = "code_usage"
    requires: ClassVar[frozenset[str]] = CODES_AND_ACTIVITY
    resolutions: ClassVar[tuple[str, ...]] = ("step", "epoch", "run")
    units: ClassVar[dict[str, str]] = {
        "samples": "samples",
        "used": "neurons",
        "perplexity": "neurons",
        "top": "share of wins",
    }
    has_best: ClassVar[bool] = False
    told: ClassVar[str] = "perplexity"
    told_samples: ClassVar[str] = "all"
    partial_training: ClassVar[str] = (
        "of the recorded samples only; neurons that only others used count as unused"
    )

    each_epoch: bool = True

    @property
    def unit(self) -> str:
        """Of a figure in a summary."""
        return "neurons as if all won equally often"

    def configured(self, *, resolution: str, reduction: str | None) -> CodeUsage:
        """For the run as a whole at resolution `run`; a step alone is too short, so its epoch stands for it."""
        return CodeUsage(each_epoch=self.each_epoch and resolution != "run")

    def init(self, layout: Layout) -> Wins:
        """No samples yet."""
        return {}

    def update(self, state: Wins, chunk: Chunk) -> Wins:
        """Count the winners of the chunk's active MACs."""
        epochs = chunk.epoch if self.each_epoch else np.zeros(len(chunk), np.int32)
        groups = np.unique(np.stack([epochs, chunk.phase.astype(np.int32)]), axis=1)
        won = {
            (epoch, phase): _won(chunk, (epochs == epoch) & (chunk.phase == phase))
            for epoch, phase in groups.T.tolist()
        }
        return self.merge(state, won)

    def merge(self, earlier: Wins, later: Wins) -> Wins:
        """Add what belongs together."""
        joined = dict(earlier)
        for group, wins in later.items():
            joined[group] = _added(joined[group], wins) if group in joined else wins
        return joined

    def check_state(self, state: Any, layout: Layout, samples: int) -> None:
        """Each group has counts of neurons that won."""
        check_parts(state, "groups", dict)
        neurons = sum(map(_neurons, layout.layers))
        for group, wins in state.items():
            check_parts(group, "group", tuple, count=2)
            check_number(group[0], "epoch", lowest=-(2**31), highest=2**31 - 1)
            check_number(group[1], "phase", lowest=0, highest=len(PHASES) - 1)
            check_parts(wins, "wins", tuple, count=2)
            check_array(
                wins[0], "neurons", dtype=np.int64, shape=(None,), lowest=0, below=neurons, order="rising"
            )
            shape = wins[0].shape
            check_array(wins[1], "wins", dtype=np.int64, shape=shape, lowest=1, below=samples + 1)

    def finalize(self, state: Wins, layout: Layout) -> pa.Table:
        """A row for each group of samples and each CM."""
        none: Wins = {(0, TRAIN): (np.empty(0, np.int64), np.empty(0, np.int64))}
        tables = [
            table
            for (epoch, phase), wins in sorted((state or none).items(), key=lambda item: item[0])
            for table in self._tables(epoch, phase, wins, layout)
        ]
        return joined(tables) if state else tables[0].slice(0, 0)

    def _tables(self, epoch: int, phase: int, won: Won, layout: Layout) -> Iterator[pa.Table]:
        """One for each layer."""
        stop = 0
        for number, layer in enumerate(layout.layers):
            start, stop, cms = stop, stop + _neurons(layer), layer.num_macs * layer.num_cms
            first, last = np.searchsorted(won[0], [start, stop])
            yield as_table(
                {
                    "phase": phase_column(np.full(cms, phase)),
                    **({"epoch": column(np.full(cms, epoch, np.int32))} if self.each_epoch else {}),
                    "layer": column(np.full(cms, number, np.int16)),
                    "mac": column(np.repeat(np.arange(layer.num_macs, dtype=np.int32), layer.num_cms)),
                    "cm": column(np.tile(np.arange(layer.num_cms, dtype=np.int32), layer.num_macs)),
                    **_usage(cms, layer.num_neurons, (won[0][first:last] - start, won[1][first:last])),
                }
            )


def _neurons(layer: LayerLayout) -> int:
    """How many a layer has in all."""
    return layer.num_macs * layer.num_cms * layer.num_neurons


def _won(chunk: Chunk, chosen: NDArray[np.bool_]) -> Won:
    """Of the chosen samples [n]."""
    first, neurons, wins = 0, [], []
    for layer, codes, active in zip(chunk.layout.layers, chunk.codes, chunk.active, strict=True):
        counted = active & chosen[:, None]
        found, times = (_counted if _neurons(layer) <= 8 * codes.size else _sorted)(layer, codes, counted)
        neurons.append(first + found)
        wins.append(times)
        first += _neurons(layer)
    return np.concatenate(neurons), np.concatenate(wins)


def _counted(layer: LayerLayout, codes: NDArray[Any], counted: NDArray[np.bool_]) -> Won:
    """Of one layer's codes [n, M, Q] where they count [n, M]: by a count for each neuron."""
    from sparsey_trace.kernels.listed_winners import count_listed

    cms = layer.num_macs * layer.num_cms
    ends = np.arange(1, cms + 1) * layer.num_neurons
    every = np.tile(np.arange(layer.num_neurons, dtype=codes.dtype), cms)
    wins = np.zeros(len(every), np.int64)
    count_listed(codes, counted, ends, every, wins)
    neurons = np.flatnonzero(wins)
    return neurons, wins[neurons]


def _sorted(layer: LayerLayout, codes: NDArray[Any], counted: NDArray[np.bool_]) -> Won:
    """The same, where there are far more neurons than winners."""
    cms = np.arange(layer.num_macs * layer.num_cms).reshape(layer.num_macs, layer.num_cms)
    return np.unique((cms * layer.num_neurons + codes)[counted], return_counts=True)


def _added(earlier: Won, later: Won) -> Won:
    """The wins of both."""
    neurons, place = np.unique(np.concatenate([earlier[0], later[0]]), return_inverse=True)
    wins = np.zeros(len(neurons), np.int64)
    for part, (_, times) in zip(np.split(place, [len(earlier[0])]), (earlier, later), strict=True):
        wins[part] += times
    return neurons, wins


def _usage(cms: int, num_neurons: int, won: Won) -> dict[str, pa.Array]:
    """The columns that a layer's wins come to, a few CMs at a time, as they may have many neurons."""
    at_once = max(1, _AT_ONCE // num_neurons)
    parts = []
    for start in range(0, cms, at_once):
        stop = min(start + at_once, cms)
        first, last = np.searchsorted(won[0], [start * num_neurons, stop * num_neurons])
        neurons, wins = won[0][first:last] - start * num_neurons, won[1][first:last]
        parts.append(_usage_of(stop - start, num_neurons, neurons, wins))
    samples, used, perplexity, top = (np.concatenate(found) for found in zip(*parts, strict=True))
    none = samples == 0
    return {
        "samples": column(samples.astype(np.int32)),
        "used": column(used.astype(np.int32)),
        "perplexity": column(perplexity.astype(np.float32), null=none),
        "top": column(top.astype(np.float32), null=none),
    }


def _usage_of(
    cms: int, num_neurons: int, neurons: NDArray[np.int64], wins: NDArray[np.int64]
) -> tuple[NDArray[Any], ...]:
    """[cms] each: samples, neurons used, perplexity and the largest share; no shares where there are no samples."""
    cm = neurons // num_neurons
    samples = np.zeros(cms, np.int64)
    np.add.at(samples, cm, wins)
    share = wins / samples[cm]
    used = np.bincount(cm, minlength=cms)
    if num_neurons > _AT_ONCE:  # a CM's alone, of which only those that won are looked at
        return samples, used, np.exp([-(share * np.log(share)).sum()]), np.array([share.max(initial=0)])
    terms, shares = np.zeros((2, cms * num_neurons))
    terms[neurons], shares[neurons] = share * np.log(share), share
    entropy = -terms.reshape(cms, num_neurons).sum(axis=1)
    top = shares.reshape(cms, num_neurons).max(axis=1)
    return samples, used, np.exp(entropy), top
