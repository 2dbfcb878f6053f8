"""Basis set: the codes themselves that a MAC has learnt, how often it showed each, and for which class.

What the codes of each pair of a code and a label come to is said in the end.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sparsey_trace.layout import NO_LABEL, TRAIN
from sparsey_trace.metrics.base import CODES_AND_ACTIVITY, RunMetric
from sparsey_trace.metrics.basis_set_size import winner_bits
from sparsey_trace.metrics.code_tally import CodeTally, tallies_of
from sparsey_trace.metrics.columns import as_table, column, joined, list_column, phase_column
from sparsey_trace.metrics.parameters import check_sample_size
from sparsey_trace.metrics.state_checks import check_parts

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import LayerLayout, Layout

_CODES, _SHOWINGS = b"codes", b"showings"
"""Where a table says how many codes there are, until its file says it in its notes, and how often they were shown."""


@dataclass(frozen=True)
class BasisSet(RunMetric[tuple[CodeTally, ...]]):
    """The codes that each MAC has emitted, active, in training: how often, when, and for which label most.

    Source: `basis_set` in docs/metrics.md. Exact for every code length.

    Attributes:
        top: how many codes a MAC has rows for at most, its commonest; None for all.
    """

    name: ClassVar[str] = "basis_set"
    requires: ClassVar[frozenset[str]] = CODES_AND_ACTIVITY
    resolutions: ClassVar[tuple[str, ...]] = ("step", "epoch", "run")
    units: ClassVar[dict[str, str]] = {
        "code": "winners, a neuron's number for each CM",
        "count": "train samples",
        "first_step": "steps",
        "last_step": "steps",
        "purity": "share of the code's labelled samples",
    }
    has_best: ClassVar[bool] = False
    told: ClassVar[str] = "count"
    told_samples: ClassVar[str] = "all"
    partial_training: ClassVar[str] = (
        "of the recorded steps alone: other codes, and other showings, are not counted"
    )
    state_types: ClassVar[tuple[type, ...]] = (CodeTally,)

    top: int | None = 1000

    def __post_init__(self) -> None:
        """Check the parameter."""
        check_sample_size(self, "top")

    @property
    def unit(self) -> str:
        """Of a figure in a summary."""
        return "train samples per code"

    def init(self, layout: Layout) -> tuple[CodeTally, ...]:
        """No codes at all."""
        return tuple(map(CodeTally.empty, layout.layers))

    def update(self, state: tuple[CodeTally, ...], chunk: Chunk) -> tuple[CodeTally, ...]:
        """Count the codes of the chunk's training samples, label by label."""
        return self.merge(state, tallies_of(chunk, chunk.is_train))

    def merge(self, earlier: tuple[CodeTally, ...], later: tuple[CodeTally, ...]) -> tuple[CodeTally, ...]:
        """Add the counts of the same code and label."""
        return tuple(old.followed_by(new) for old, new in zip(earlier, later, strict=True))

    def check_state(self, state: Any, layout: Layout, samples: int) -> None:
        """Each layer's codes with their labels, counts and steps, and where those of each MAC end."""
        check_parts(state, "layers", tuple, count=len(layout.layers))
        for found, layer in zip(state, layout.layers, strict=True):
            check_parts(found, layer.name, CodeTally)
            found.check(layer, samples)

    def finalize(self, state: tuple[CodeTally, ...], layout: Layout) -> pa.Table:
        """A row for each code of each MAC, its commonest first."""
        tables, known, shown = [], [], []
        for index, (tally, layer) in enumerate(zip(state, layout.layers, strict=True)):
            found = _codes(tally)
            known.append(np.bincount(found.mac, minlength=layer.num_macs).tolist())
            shown.append(int(found.count.sum()))
            tables.append(_table(found[found.rank < self.top] if self.top else found, index, layer))
        said = {_CODES: json.dumps(known), _SHOWINGS: json.dumps(shown)}
        return joined(tables).replace_schema_metadata(said)

    def notes(self, result: pa.Table) -> dict[str, Any]:
        """How many codes each MAC has, layer by layer, whether they have rows or not."""
        return {"codes": json.loads(result.schema.metadata[_CODES])}

    def summarized(self, table: pa.Table) -> pa.Table:
        """A row for each layer, of all its codes, whether they have rows or not: the commonest alone say too much."""
        codes, shown = (json.loads(table.schema.metadata[key]) for key in (_CODES, _SHOWINGS))
        told = [(layer, shown[layer] / sum(known)) for layer, known in enumerate(codes) if sum(known)]
        return as_table(
            {
                "phase": phase_column(np.full(len(told), TRAIN)),
                "layer": column(np.array([layer for layer, _ in told], np.int16)),
                "count": column(np.array([mean for _, mean in told], np.float64)),
            }
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Codes:
    """A layer's codes, MAC by MAC, in the order of the table.

    Attributes:
        mac: [C] int64.
        rank: [C] int64, which of its MAC's codes each is, from 0.
        words: [C, W] uint64, the winners.
        count: [C] int64.
        first_step: [C] int64.
        last_step: [C] int64.
        label: [C] int64, the most frequent; `NO_LABEL` where none is known.
        purity: [C] float64, its share.
    """

    mac: NDArray[np.int64]
    rank: NDArray[np.int64]
    words: NDArray[np.uint64]
    count: NDArray[np.int64]
    first_step: NDArray[np.int64]
    last_step: NDArray[np.int64]
    label: NDArray[np.int64]
    purity: NDArray[np.float64]

    def __getitem__(self, chosen: NDArray[Any]) -> _Codes:
        """Some of them, or all in another order."""
        return _Codes(**{name: values[chosen] for name, values in vars(self).items()})


def _codes(tally: CodeTally) -> _Codes:
    """What pairs of codes and labels come to."""
    mac = np.repeat(np.arange(len(tally.ends)), np.diff(tally.ends, prepend=0))
    words, label = tally.winners, tally.label
    labelled = np.where(label == NO_LABEL, 0, tally.count)
    # A code's pairs together, the label that stands for it first; the last key of a sort counts most.
    order = np.lexsort((label, -labelled, *words.T[::-1], mac))
    mac, words, label, labelled = mac[order], words[order], label[order], labelled[order]
    if not len(order):
        starts = order
    else:
        starts = np.flatnonzero(
            np.concatenate([[True], (mac[1:] != mac[:-1]) | (words[1:] != words[:-1]).any(axis=1)])
        )
    known = _of_each(np.add, labelled, starts)
    found = _Codes(
        mac=mac[starts],
        rank=starts,
        words=words[starts],
        count=_of_each(np.add, tally.count[order], starts),
        first_step=_of_each(np.minimum, tally.first_step[order], starts),
        last_step=_of_each(np.maximum, tally.last_step[order], starts),
        label=np.where(known > 0, label[starts], NO_LABEL),
        purity=labelled[starts] / np.maximum(known, 1),
    )
    return _ranked(found)


def _ranked(found: _Codes) -> _Codes:
    found = found[np.lexsort((*found.words.T[::-1], found.first_step, -found.count, found.mac))]
    first = np.searchsorted(found.mac, found.mac)
    found.rank[:] = np.arange(len(first)) - first
    return found


def _of_each(what: np.ufunc, values: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """What stretches of values, one behind the other, come to."""
    return np.asarray(what.reduceat(values, starts)) if len(starts) else values


def _table(found: _Codes, index: int, layer: LayerLayout) -> pa.Table:
    size, cms = len(found.mac), layer.num_cms
    unknown = found.label == NO_LABEL
    ends = np.arange(size + 1, dtype=np.int32) * cms
    winners = _winners(found.words, layer)
    return as_table(
        {
            "phase": phase_column(np.full(size, TRAIN)),
            "layer": column(np.full(size, index, np.int16)),
            "mac": column(found.mac.astype(np.int32)),
            "code": list_column(column(ends), column(winners.ravel())),
            "count": column(found.count),
            "first_step": column(found.first_step),
            "last_step": column(found.last_step),
            "label": column(found.label, null=unknown),
            "purity": column(found.purity.astype(np.float32), null=unknown),
        }
    )


def _winners(words: NDArray[np.uint64], layer: LayerLayout) -> NDArray[np.int32]:
    """[C, Q] int32 of packed winners [C, W]: in each word the last CM has the lowest bits."""
    bits = winner_bits(layer)
    each = 64 // bits
    cm = np.arange(layer.num_cms)
    last = np.minimum((cm // each + 1) * each, layer.num_cms) - 1
    shift = (bits * (last - cm)).astype(np.uint64)
    return (words[:, cm // each] >> shift & np.uint64(2**bits - 1)).astype(np.int32)
