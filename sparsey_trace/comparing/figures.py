"""The figures of a comparison: each run's in each metric and layer, and whose are best."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from sparsey_trace.comparing.layer_pairing import layer_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.comparing.run_figures import Side
    from sparsey_trace.tables.summary import Line

Figure = Literal["last", "best", "area"]
"""What a run comes to in a metric and layer; `area` is there for basis_set_size only."""

FIGURES: tuple[Figure, ...] = get_args(Figure)

PRECISION = 1e-6
"""Values are float32 in tables: two that differ by no more than this share of themselves are equal."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A run's figures of one metric in one layer.

    Attributes:
        metric: the table's name.
        layer: the layer's name, or its number where layers are compared by number; None where a
            reduction removed it.
        number: the layer's number in this run.
        run: the run's path.
        last: as in the run's summary.
        best: as in the run's summary; None where there is no best.
        at: where the best value was reached first.
        area: the area under the curve; see `areas`.
        change: `last` minus the first run's; None where that run has none.
        wins: the figures that are the best of all runs'; ties have no winner.
    """

    metric: str
    layer: str | None
    number: int | None
    run: str
    last: float | None
    best: float | None
    at: str
    area: float | None
    change: float | None
    wins: tuple[Figure, ...]

    def figure(self, name: Figure) -> float | None:
        """One of the figures."""
        return {"last": self.last, "best": self.best, "area": self.area}[name]


def entries_of(sides: Sequence[Side]) -> list[Entry]:
    """By metric and layer, an entry for each run that has figures there."""
    return [entry for lines in _paired(sides) for entry in _entries(lines, sides[0])]


class _Paired(NamedTuple):
    side: Side
    line: Line
    layer: str | None


def _paired(sides: Sequence[Side]) -> list[list[_Paired]]:
    """The runs' lines that belong together: by metric and layer, in the order in which these come up."""
    groups: dict[str, dict[str | None, list[_Paired]]] = {}
    for side, names in zip(sides, layer_names(sides), strict=True):
        for line in side.lines:
            layer = None if line.layer is None else names[line.layer]
            groups.setdefault(line.table, {}).setdefault(layer, []).append(_Paired(side, line, layer))
    return [lines for layers in groups.values() for lines in layers.values()]


def _entries(lines: list[_Paired], first: Side) -> list[Entry]:
    figures = [
        {"last": line.last, "best": line.best, "area": side.areas.get((line.table, line.layer))}
        for side, line, _ in lines
    ]
    winners = {figure: _winner([found[figure] for found in figures], lines[0]) for figure in FIGURES}
    base = lines[0].line.last if lines[0].side is first else None
    return [
        Entry(
            metric=line.table,
            layer=layer,
            number=line.layer,
            run=side.run,
            **found,
            at=line.at,
            change=None if base is None or line.last is None else line.last - base,
            wins=tuple(figure for figure in FIGURES if winners[figure] == place),
        )
        for place, ((side, line, layer), found) in enumerate(zip(lines, figures, strict=True))
    ]


def _winner(values: list[float | None], about: _Paired) -> int | None:
    """The place of the best value, if there are several values and no other equals it."""
    # A table without values has nothing to win.
    known = [value for value in values if value is not None and about.line.best is not None]
    if len(known) < 2:
        return None
    best = max(known) if about.side.best[about.line.table] == "highest" else min(known)
    equal = [place for place, value in enumerate(values) if value is not None and same(value, best)]
    return equal[0] if len(equal) == 1 else None


def same(one: float, other: float) -> bool:
    """Whether two values are equal as far as tables tell."""
    return math.isclose(one, other, rel_tol=PRECISION)
