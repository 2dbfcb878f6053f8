"""Runs side by side: their figures, and whose are best."""

from __future__ import annotations

import html
import math
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from sparsey_trace.replay.gates import FIGURES, PRECISION, Figure, check, parse_rule
from sparsey_trace.replay.pairing import layer_names, unshared
from sparsey_trace.replay.side_by_side import Sheet, sheet_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from sparsey_trace.replay.gates import Violation
    from sparsey_trace.replay.sides import Side
    from sparsey_trace.replay.summary import Line


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


class Comparison:
    """Runs side by side, per metric and layer; made by `compare`. The others are compared with the first.

    Attributes:
        sides: the runs, as they were given.
        entries: by metric and layer, an entry for each run that has figures there.
        remarks: lines on what the runs don't share, and on what a reader should know of their figures.
    """

    def __init__(self, sides: Sequence[Side]) -> None:
        """Pair the figures."""
        self.sides = sides
        self.entries = [entry for lines in _paired(sides) for entry in _entries(lines, sides[0])]
        self.remarks = [*unshared(sides), *(remark for side in sides for remark in side.remarks)]

    @cached_property
    def table(self) -> pd.DataFrame:
        """A line for each metric, layer and run; `wins_last` and so on say whose figure is the best."""
        import pandas as pd

        lines = []
        for entry in self.entries:
            line = asdict(entry)
            wins = line.pop("wins")
            lines.append(line | {f"wins_{figure}": figure in wins for figure in FIGURES})
        return pd.DataFrame(lines).astype(
            {"number": "Int64", **dict.fromkeys((*FIGURES, "change"), "float64")}
        )

    def check(self, rules: str | Iterable[str]) -> list[Violation]:
        """What breaks rules such as "feature_coverage<0.9" or "match_accuracy<-0.02"; nothing if they all hold.

        Args:
            rules: one or several; see docs/compare.md.

        Raises:
            UsageError: one is no rule, or is about a metric that there isn't.
        """
        texts = [rules] if isinstance(rules, str) else list(rules)
        return [violation for rule in map(parse_rule, texts) for violation in check(rule, self)]

    def sheet(self) -> Sheet:
        """The same to be read: a column for each run."""
        return sheet_of(self)

    def __repr__(self) -> str:
        """One line: which runs there are."""
        return f"<Comparison: {', '.join(side.run for side in self.sides)}>"

    def _repr_html_(self) -> str:
        sheet = self.sheet()
        heads = "".join(f"<th>{html.escape(head)}</th>" for head in sheet.heads)
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in sheet.rows
        )
        said = "".join(f"<p>{html.escape(line)}</p>" for line in [*sheet.footer, *self.remarks])
        return f"<table><tr>{heads}</tr>{rows}</table>{said}"


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
