"""Code usage: how many of its neurons a CM uses, and how evenly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa

from sparsey_trace.layout import PHASES, TRAIN
from sparsey_trace.metrics.base import CODES_AND_ACTIVITY, RunMetric
from sparsey_trace.metrics.columns import column, phase_column
from sparsey_trace.metrics.state_checks import check_array, check_number, check_parts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import LayerLayout, Layout

    Wins: TypeAlias = dict[tuple[int, int], NDArray[np.int64]]
    """Epoch and phase to [all neurons], how often each won: layer by layer, MAC by MAC, CM by CM."""


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
            (epoch, phase): _wins(chunk, (epochs == epoch) & (chunk.phase == phase))
            for epoch, phase in groups.T.tolist()
        }
        return self.merge(state, won)

    def merge(self, earlier: Wins, later: Wins) -> Wins:
        """Add what belongs together."""
        joined = dict(earlier)
        for group, wins in later.items():
            joined[group] = joined[group] + wins if group in joined else wins
        return joined

    def check_state(self, state: Any, layout: Layout, samples: int) -> None:
        """Each group has a count for each neuron."""
        check_parts(state, "groups", dict)
        neurons = sum(map(_neurons, layout.layers))
        for group, wins in state.items():
            check_parts(group, "group", tuple, count=2)
            check_number(group[0], "epoch", lowest=-(2**31), highest=2**31 - 1)
            check_number(group[1], "phase", lowest=0, highest=len(PHASES) - 1)
            check_array(wins, "wins", dtype=np.int64, shape=(neurons,), lowest=0, below=samples + 1)

    def finalize(self, state: Wins, layout: Layout) -> pa.Table:
        """A row for each group of samples and each CM."""
        none = {(0, TRAIN): np.zeros(sum(map(_neurons, layout.layers)), np.int64)}
        tables = [
            table
            for (epoch, phase), wins in sorted((state or none).items(), key=lambda item: item[0])
            for table in self._tables(epoch, phase, wins, layout)
        ]
        return pa.concat_tables(tables) if state else tables[0].slice(0, 0)

    def _tables(self, epoch: int, phase: int, wins: NDArray[np.int64], layout: Layout) -> Iterator[pa.Table]:
        """One for each layer."""
        ends = np.cumsum([*map(_neurons, layout.layers)])[:-1]
        for number, (layer, won) in enumerate(zip(layout.layers, np.split(wins, ends), strict=True)):
            cms = layer.num_macs * layer.num_cms
            yield pa.table(
                {
                    "phase": phase_column(np.full(cms, phase)),
                    **({"epoch": column(np.full(cms, epoch, np.int32))} if self.each_epoch else {}),
                    "layer": column(np.full(cms, number, np.int16)),
                    "mac": column(np.repeat(np.arange(layer.num_macs, dtype=np.int32), layer.num_cms)),
                    "cm": column(np.tile(np.arange(layer.num_cms, dtype=np.int32), layer.num_macs)),
                    **_usage(won.reshape(cms, layer.num_neurons)),
                }
            )


def _neurons(layer: LayerLayout) -> int:
    """How many a layer has in all."""
    return layer.num_macs * layer.num_cms * layer.num_neurons


def _wins(chunk: Chunk, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """[all neurons], how often each won in the chosen samples [n]."""
    from sparsey_trace.kernels.winner_counts import count_winners

    found = []
    for layer, codes, active in zip(chunk.layout.layers, chunk.codes, chunk.active, strict=True):
        counted = active & chosen[:, None]
        wins = np.zeros((layer.num_macs, layer.num_cms, layer.num_neurons), np.int64)
        # Anything can stand for the winners of silent MACs.
        count_winners(np.where(counted[..., None], codes, 0), counted, wins)
        found.append(wins.ravel())
    return np.concatenate(found)


def _usage(wins: NDArray[np.int64]) -> dict[str, pa.Array]:
    """The columns that wins [CMs, K] come to; no shares where there are none."""
    samples = wins.sum(axis=1)
    share = wins / np.maximum(samples, 1)[:, None]
    # The logarithm of 1 stands where nothing was won: it adds nothing.
    entropy = -(share * np.log(np.where(wins > 0, share, 1))).sum(axis=1)
    none = samples == 0
    return {
        "samples": column(samples.astype(np.int32)),
        "used": column(np.count_nonzero(wins, axis=1).astype(np.int32)),
        "perplexity": column(np.exp(entropy).astype(np.float32), null=none),
        "top": column(share.max(axis=1).astype(np.float32), null=none),
    }
