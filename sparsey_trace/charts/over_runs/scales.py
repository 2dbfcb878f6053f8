"""Parallel coordinates as arrays: each column of any kind of value on a line from 0 to 1, and each run across these."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.tables.summary import figure_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MISSING = -0.12
"""Where runs stand that have no value on an axis."""

_DECADES = 2
"""Numbers that go over so many powers of ten stand by their logarithms."""

_MOST_TICKS = 12

_SPREAD = 0.07
"""Of an axis: over so much of it runs of one value are spread."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Axis:
    """One axis.

    Attributes:
        name: the column's.
        position: [R] float64, each run's, from 0 to 1; `MISSING` where it has no value.
        texts: [R], each run's value.
        ticks: position and text of each label.
    """

    name: str
    position: NDArray[np.float64]
    texts: list[str]
    ticks: list[tuple[float, str]]

    @property
    def is_coarse(self) -> bool:
        """Whether there are so few values that lines would hide each other."""
        return len(set(self.position.tolist())) <= _MOST_TICKS


@dataclass(frozen=True, eq=False, kw_only=True)
class Lines:
    """What the chart shows of R runs.

    Attributes:
        names: [R], what they are called.
        axes: settings first, then figures.
        shade: [R] int64, from 0 to 7 by the last axis, -1 where a run has no value there.
        left_out: the columns that there was no room for.
        alike: the figures of which all runs have the same.
    """

    names: Sequence[str]
    axes: Sequence[Axis]
    shade: NDArray[np.int64]
    left_out: Sequence[str]
    alike: Sequence[str] = ()

    @property
    def height(self) -> NDArray[np.float64]:
        """[R, A] float64, where each run's line meets each axis; runs of one value spread a little."""
        spread = _SPREAD * (self.rank - 0.5)
        return np.stack([axis.position + spread * axis.is_coarse for axis in self.axes], axis=1)

    @property
    def rank(self) -> NDArray[np.float64]:
        """[R] float64, each run's rank on the last axis, from 0 to 1."""
        order = np.argsort(self.axes[-1].position, kind="stable")
        found = np.empty(len(order))
        found[order] = np.linspace(0, 1, len(order))
        return found


def axis_of(name: str, values: Sequence[Any]) -> Axis:
    """The axis of a column: a scale where all values are numbers, else a place for each.

    >>> axis = axis_of("lr", [0.001, 0.1, None, 0.01])
    >>> axis.position.round(3).tolist(), axis.ticks
    ([0.0, 1.0, -0.12, 0.5], [(0.0, '0.001'), (0.5, '0.01'), (1.0, '0.1'), (-0.12, 'none')])
    >>> axis_of("kind", ["b", "a"]).ticks
    [(0.0, 'a'), (1.0, 'b')]
    """
    known = [value for value in values if value is not None]
    if known and all(_is_number(value) for value in known):
        position, ticks = _scale(known)
    else:
        position, ticks = _places(known)
    found = iter(position)
    whole = np.array([MISSING if value is None else next(found) for value in values])
    texts = ["none" if value is None else _text(value) for value in values]
    missing = [(MISSING, "none")] if len(known) < len(values) else []
    return Axis(name=name, position=whole, texts=texts, ticks=[*ticks, *missing])


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _scale(values: list[float]) -> tuple[list[float], list[tuple[float, str]]]:
    low, high = min(values), max(values)
    is_log = low > 0 and high / low >= 10**_DECADES
    at = np.log(np.array(values, np.float64)) if is_log else np.array(values, np.float64)
    start, width = float(at.min()), float(at.max() - at.min())
    position = ((at - start) / width if width else np.full(len(at), 0.5)).tolist()
    distinct = sorted(dict(zip(values, position, strict=True)).items())
    if len(distinct) <= _MOST_TICKS // 2:
        return position, [(where, figure_text(value)) for value, where in distinct]
    middle = math.exp(start + width / 2) if is_log else start + width / 2
    return position, [(0.0, figure_text(low)), (0.5, figure_text(middle)), (1.0, figure_text(high))]


def _places(values: list[Any]) -> tuple[list[float], list[tuple[float, str]]]:
    """Texts, truth values and all else: evenly, in the order of their texts."""
    texts = [_text(value) for value in values]
    distinct = sorted(set(texts))
    step = 1 / max(1, len(distinct) - 1)
    where = {text: number * step if len(distinct) > 1 else 0.5 for number, text in enumerate(distinct)}
    every = -(-len(distinct) // _MOST_TICKS)
    return [where[text] for text in texts], [(where[text], text) for text in distinct[:: max(1, every)]]


def _text(value: Any) -> str:
    if _is_number(value):
        return figure_text(value)
    return value if isinstance(value, str) else json.dumps(value)
