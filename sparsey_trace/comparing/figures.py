"""The figures of a comparison: each run's in each metric and layer, and whose are best."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from sparsey_trace.comparing.layer_pairing import layer_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.comparing.run_figures import RunFigures
    from sparsey_trace.metrics.base import Best
    from sparsey_trace.tables.summary import SummaryRow

FigureName = Literal["now", "best", "area"]
"""What a run comes to in a metric and layer; `area` is there for basis_set_size only."""

FIGURE_NAMES: tuple[FigureName, ...] = get_args(FigureName)

PRECISION = 1e-6
"""Values are float32 in tables: two that differ by no more than this share of themselves are equal."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """A run's figures of one metric in one layer.

    Attributes:
        metric: the table's name, or what else the metric tells in a summary.
        phase: `train` or `eval`; None where the metric has none.
        layer: the layer's name, or its number where layers are compared by number; None where a
            reduction removed it.
        number: the layer's number in this run.
        run: the run's path.
        now: as in the run's summary, as all up to `unit`.
        best: None where nothing is best.
        best_epoch: the first epoch with the best value.
        chance: what `now` would be by chance; None where that isn't known.
        samples: how many samples `now` stands for.
        unit: of these figures.
        area: how large the basis sets were on average over training.
        change: `now` minus the first run's; None where that run has none.
        wins: the figures that are the best of all runs'; ties have no winner.
    """

    metric: str
    phase: str | None
    layer: str | None
    number: int | None
    run: str
    now: float | None
    best: float | None
    best_epoch: int | None
    chance: float | None
    samples: int | None
    unit: str
    area: float | None
    change: float | None
    wins: tuple[FigureName, ...]

    def value(self, name: FigureName) -> float | None:
        """One of the figures; None where the run has none."""
        return {"now": self.now, "best": self.best, "area": self.area}[name]


def all_figures(runs: Sequence[RunFigures]) -> list[Figures]:
    """The figures of all runs: by metric, phase and layer, those of each run that has some there."""
    return [figures for rows in _paired(runs) for figures in _compared(rows, runs[0])]


class _Paired(NamedTuple):
    """A row of a run's summary, and what its layer is called in the comparison."""

    run: RunFigures
    row: SummaryRow
    layer: str | None


def _paired(runs: Sequence[RunFigures]) -> list[list[_Paired]]:
    """The summaries' rows that belong together, by metric, phase and layer, in the order in which these come up."""
    groups: dict[tuple[str, str | None], dict[str | None, list[_Paired]]] = {}
    for run, names in zip(runs, layer_names(runs), strict=True):
        for row in run.summary:
            layer = None if row.layer is None else names[row.layer]
            groups.setdefault((row.metric, row.phase), {}).setdefault(layer, []).append(
                _Paired(run, row, layer)
            )
    return [rows for layers in groups.values() for rows in layers.values()]


def _compared(rows: list[_Paired], first: RunFigures) -> list[Figures]:
    """The figures of one metric in one layer."""
    found: list[dict[FigureName, float | None]] = [
        {"now": row.now, "best": row.best, "area": row.area} for _, row, _ in rows
    ]
    way = rows[0].run.best[rows[0].row.metric] if rows[0].row.best is not None else None
    chances = [row.chance for _, row, _ in rows]
    winners = {name: winner([values[name] for values in found], chances, way) for name in FIGURE_NAMES}
    base = rows[0].row.now if rows[0].run is first else None
    return [
        Figures(
            metric=row.metric,
            phase=row.phase,
            layer=layer,
            number=row.layer,
            run=run.name,
            now=row.now,
            best=row.best,
            best_epoch=row.best_epoch,
            chance=row.chance,
            samples=row.samples,
            unit=row.unit,
            area=row.area,
            change=None if base is None or row.now is None else row.now - base,
            wins=tuple(name for name in FIGURE_NAMES if winners[name] == index),
        )
        for index, (run, row, layer) in enumerate(rows)
    ]


def winner(values: Sequence[float | None], chances: Sequence[float | None], way: Best | None) -> int | None:
    """Which run's value is the best, if there are several and no other equals it.

    Where chance is known, the best is above its own, and no other run is further above its own than that: a code that
    is always the same agrees with itself, and says nothing.

    Args:
        values: of the runs; None where one has none.
        chances: what these would be by chance; None where that isn't known.
        way: whether the lowest or the highest is better; None where better doesn't mean better.

    >>> winner([0.9, 0.7], [None, None], "highest"), winner([1.0, 0.9], [1.0, 0.2], "highest")
    (0, None)
    """
    known = [value for value in values if value is not None]
    if way is None or len(known) < 2:
        return None
    best = max(known) if way == "highest" else min(known)
    equal = [index for index, value in enumerate(values) if value is not None and same(value, best)]
    if len(equal) > 1:
        return None
    leads = [
        0 if value is None or chance is None else value - chance if way == "highest" else chance - value
        for value, chance in zip(values, chances, strict=True)
    ]
    lead = leads[equal[0]]
    is_told = chances[equal[0]] is None or (lead > PRECISION and lead >= max(leads) - PRECISION)
    return equal[0] if is_told else None


def same(one: float, other: float) -> bool:
    """Whether two values are equal as far as tables tell."""
    return math.isclose(one, other, rel_tol=PRECISION)
