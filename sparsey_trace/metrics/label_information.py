"""Label information: how many bits what a MAC does tells of a sample's label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sparsey_trace.errors import DataError
from sparsey_trace.layout import NO_LABEL, PHASES
from sparsey_trace.metrics.base import CODES_AND_ACTIVITY, RunMetric
from sparsey_trace.metrics.code_tally import CodeTally, tallies_of
from sparsey_trace.metrics.columns import as_table, column, joined, phase_column
from sparsey_trace.metrics.state_checks import check_array, check_parts

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import LayerLayout, Layout

PERMUTATIONS = 10
"""How often labels are shuffled."""

_MOST_BITS = 32


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelTally:
    """What one phase's labelled samples showed.

    Attributes:
        labels: [Y] int64, the labels, rising.
        samples: [Y] int64, how many samples have each.
        layers: each layer's codes with their labels, while a MAC was active.
    """

    labels: NDArray[np.int64]
    samples: NDArray[np.int64]
    layers: tuple[CodeTally, ...]

    @classmethod
    def empty(cls, layout: Layout) -> LabelTally:
        """No samples yet."""
        none = np.empty(0, np.int64)
        return cls(labels=none, samples=none, layers=tuple(map(CodeTally.empty, layout.layers)))

    def followed_by(self, later: LabelTally) -> LabelTally:
        """With what a later stretch of the run showed."""
        labels, place = np.unique(np.concatenate([self.labels, later.labels]), return_inverse=True)
        samples = np.zeros(len(labels), np.int64)
        np.add.at(samples, place, np.concatenate([self.samples, later.samples]))
        layers = (old.followed_by(new) for old, new in zip(self.layers, later.layers, strict=True))
        return LabelTally(labels=labels, samples=samples, layers=tuple(layers))

    def check(self, layout: Layout, samples: int) -> None:
        """See that it could be of the first so many samples of a run.

        Raises:
            DataError: it couldn't.
        """
        check_array(self.labels, "labels", dtype=np.int64, shape=(None,), order="rising")
        count = len(self.labels)
        check_array(self.samples, "samples", dtype=np.int64, shape=(count,), lowest=1, below=samples + 1)
        check_parts(self.layers, "layers", tuple, count=len(layout.layers))
        for tally, layer in zip(self.layers, layout.layers, strict=True):
            check_parts(tally, layer.name, CodeTally)
            tally.check(layer, samples)
            if not np.isin(tally.label, self.labels).all() or any(
                (of_mac.silent < 0).any() for of_mac in _macs(self, tally)
            ):
                msg = f"{layer.name}: expected no more samples of a label than there are, found more"
                raise DataError(msg)


@dataclass(frozen=True)
class LabelInformation(RunMetric[tuple[LabelTally, ...]]):
    """How many bits of a sample's label a MAC tells by its code, or by its silence.

    Over all samples with known labels, of training and of evaluation apart; beside it the same of shuffled
    labels, which is what chance comes to. Source: `label_information` in docs/metrics.md.

    Attributes:
        seed: of the shuffling.
    """

    name: ClassVar[str] = "label_information"
    requires: ClassVar[frozenset[str]] = CODES_AND_ACTIVITY
    resolutions: ClassVar[tuple[str, ...]] = ("step", "epoch", "run")
    units: ClassVar[dict[str, str]] = {
        "bits": "bits",
        "share": "share of the labels' entropy",
        "activity_bits": "bits",
        "shuffled": "bits",
        "samples": "samples with a known label",
        "codes": "codes",
    }
    has_best: ClassVar[bool] = False
    told: ClassVar[str] = "bits"
    told_chance: ClassVar[str] = "shuffled"
    told_samples: ClassVar[str] = "samples"
    state_types: ClassVar[tuple[type, ...]] = (LabelTally, CodeTally)

    seed: int = 0

    @property
    def unit(self) -> str:
        """Of a figure in a summary."""
        return "bits"

    def init(self, layout: Layout) -> tuple[LabelTally, ...]:
        """No samples of either phase yet."""
        return tuple(LabelTally.empty(layout) for _ in PHASES)

    def update(self, state: tuple[LabelTally, ...], chunk: Chunk) -> tuple[LabelTally, ...]:
        """Count the chunk's labels, and its codes by label."""
        return self.merge(state, tuple(_tally(chunk, phase) for phase in range(len(PHASES))))

    def merge(self, earlier: tuple[LabelTally, ...], later: tuple[LabelTally, ...]) -> tuple[LabelTally, ...]:
        """Add what belongs together."""
        return tuple(old.followed_by(new) for old, new in zip(earlier, later, strict=True))

    def check_state(self, state: Any, layout: Layout, samples: int) -> None:
        """For each phase labels, and codes with these labels."""
        check_parts(state, "phases", tuple, count=len(PHASES))
        for tally, phase in zip(state, PHASES, strict=True):
            check_parts(tally, phase, LabelTally)
            tally.check(layout, samples)

    def finalize(self, state: tuple[LabelTally, ...], layout: Layout) -> pa.Table:
        """A row for each MAC in each phase that has labelled samples."""
        tables = []
        for phase, tally in enumerate(state):
            columns = _information(tally, self.seed)
            tables += [
                _table(part, phase, number, layer)
                for number, (part, layer) in enumerate(zip(columns, layout.layers, strict=True))
            ]
        known = [table for table in tables if table["samples"][0].as_py()]
        return joined(known) if known else tables[0].slice(0, 0)

    def summarized(self, table: pa.Table) -> pa.Table:
        """Without phases of a single label: there is nothing to tell, and 0 bits would say that nothing is told."""
        # Where there are none, what filters tables needn't be loaded.
        return table.filter(table["share"].is_valid()) if table["share"].null_count else table


def _tally(chunk: Chunk, phase: int) -> LabelTally:
    mine = (chunk.phase == phase) & (chunk.label != NO_LABEL)
    labels, samples = np.unique(chunk.label[mine], return_counts=True)
    return LabelTally(
        labels=labels, samples=samples.astype(np.int64, copy=False), layers=tallies_of(chunk, mine)
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Mac:
    """What one MAC does.

    Attributes:
        pairs: [P] int64, samples for each pair of a code and a label.
        codes: [C] int64, samples for each code, in the order of their winners as numbers.
        silent: [Y] int64, samples of each label for which it is silent.
    """

    pairs: NDArray[np.int64]
    codes: NDArray[np.int64]
    silent: NDArray[np.int64]


def _macs(tally: LabelTally, layer: CodeTally) -> list[_Mac]:
    """Those of a layer."""
    mac = np.repeat(np.arange(len(layer.ends)), np.diff(layer.ends, prepend=0))
    order = np.lexsort((*layer.winners.T[::-1], mac))
    winners, count = layer.winners[order], layer.count[order]
    place = np.searchsorted(tally.labels, layer.label)
    found, start = [], 0
    for end in layer.ends.tolist():
        mine, pairs = winners[start:end], count[start:end]
        starts = np.flatnonzero(
            np.concatenate([np.ones(min(1, len(mine)), np.bool_), (mine[1:] != mine[:-1]).any(axis=1)])
        )
        codes = np.add.reduceat(pairs, starts) if len(starts) else pairs
        active = np.zeros_like(tally.samples)
        np.add.at(active, place[start:end], layer.count[start:end])
        found.append(_Mac(pairs=pairs, codes=codes, silent=tally.samples - active))
        start = end
    return found


def _information(tally: LabelTally, seed: int) -> list[dict[str, NDArray[Any]]]:
    """For each layer its columns, [M] each."""
    samples = int(tally.samples.sum())
    # n log n in whole numbers: sums of these don't depend on their order.
    worth, unit = _worths(samples)
    layers = [_macs(tally, layer) for layer in tally.layers]
    labels = int(worth[tally.samples].sum())
    shuffled = _shuffled(tally, layers, worth, seed)
    bits = 1 / (unit * max(samples, 1))
    entropy = max(int(worth[samples]) - labels, 0)
    found = []
    for macs, of_layer in zip(layers, shuffled, strict=True):
        alone = np.array([worth[mac.codes].sum() + worth[mac.silent.sum()] for mac in macs])
        joint = np.array([worth[mac.pairs].sum() + worth[mac.silent].sum() for mac in macs])
        is_on = [tally.samples - mac.silent for mac in macs]
        on = np.array(
            [worth[one].sum() + worth[mac.silent].sum() for one, mac in zip(is_on, macs, strict=True)]
        )
        whether = np.array(
            [worth[one.sum()] + worth[mac.silent.sum()] for one, mac in zip(is_on, macs, strict=True)]
        )
        told = np.maximum(joint - alone + entropy, 0)
        found.append(
            {
                "bits": told * bits,
                "share": told / entropy if entropy else np.full(len(macs), np.nan),
                "activity_bits": np.maximum(on - whether + entropy, 0) * bits,
                "samples": np.full(len(macs), samples),
                "codes": np.array([len(mac.codes) for mac in macs]),
                "shuffled": np.maximum(of_layer - PERMUTATIONS * (alone - entropy), 0) * bits / PERMUTATIONS,
            }
        )
    return found


def _worths(samples: int) -> tuple[NDArray[np.int64], float]:
    """[samples + 1] n log2 n of each n, in units of 1 / the number that comes second."""
    number = np.arange(samples + 1, dtype=np.float64)
    worth = number * np.log2(np.maximum(number, 1))
    unit = 2.0 ** min(_MOST_BITS, 61 - int(worth[-1]).bit_length())
    return np.rint(worth * unit).astype(np.int64), unit


def _shuffled(
    tally: LabelTally, layers: list[list[_Mac]], worth: NDArray[np.int64], seed: int
) -> list[NDArray[np.int64]]:
    """For each layer [M] the sums over pairs with shuffled labels, of all permutations together."""
    from sparsey_trace.kernels.shuffling import joint_sums, shuffle

    things = [[np.concatenate([[mac.silent.sum()], mac.codes]) for mac in macs] for macs in layers]
    ends = [np.cumsum([len(of_mac) for of_mac in of_layer]) for of_layer in things]
    counts = [np.concatenate(of_layer) for of_layer in things]
    different = len(tally.samples)
    labels = np.repeat(np.arange(different, dtype=np.int32), tally.samples)
    state = np.array([seed % 2**64], np.uint64)
    sums = [np.zeros(len(macs), np.int64) for macs in layers]
    for _ in range(PERMUTATIONS):
        shuffle(labels, state)
        for of_layer, count, end in zip(sums, counts, ends, strict=True):
            of_layer += joint_sums(count, end, labels, different, worth)
    return sums


def _table(columns: dict[str, NDArray[Any]], phase: int, number: int, layer: LayerLayout) -> pa.Table:
    macs = layer.num_macs
    # Where all labels are the same there is nothing to tell.
    nothing = np.isnan(columns["share"])
    made = {
        "phase": phase_column(np.full(macs, phase)),
        "layer": column(np.full(macs, number, np.int16)),
        "mac": column(np.arange(macs, dtype=np.int32)),
    }
    for name, values in columns.items():
        kind = np.float32 if values.dtype.kind == "f" else np.int32
        made[name] = column(values.astype(kind), null=nothing if name == "share" else None)
    return as_table(made)
