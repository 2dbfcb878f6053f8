"""What a case reports: tables of figures, and the goals that belong to them."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Figure:
    """One thing, measured several times: the median, and between which values the others lie.

    Of more than seven values those are the quartiles, else the least and the most.

    >>> str(Figure((3.0, 1.0, 2.0)))
    '2.00 (1.00 to 3.00)'
    """

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The value that stands for all."""
        return statistics.median(self.values)

    def scaled(self, factor: float) -> Figure:
        """In another unit."""
        return Figure(tuple(value * factor for value in self.values))

    def __str__(self) -> str:
        """The median, and the spread behind it."""
        if len(self.values) == 1:
            return number(self.median)
        low, high = np.quantile(self.values, (0.25, 0.75) if len(self.values) > 7 else (0, 1))
        return f"{number(self.median)} ({number(low)} to {number(high)})"


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A limit that was set before measuring, and what was measured.

    >>> Goal(what="reading", found=12.0, limit=10.0, unit="us a sample").line()
    '| reading | at most 10.0 us a sample | 12.0 | **not reached** |'
    """

    what: str
    found: float
    limit: float
    unit: str
    at_least: bool = False

    @property
    def is_reached(self) -> bool:
        """Whether what was found keeps the limit."""
        return self.found >= self.limit if self.at_least else self.found <= self.limit

    def line(self) -> str:
        """A row of the table of goals."""
        bound = "at least" if self.at_least else "at most"
        verdict = "reached" if self.is_reached else "**not reached**"
        return (
            f"| {self.what} | {bound} {number(self.limit)} {self.unit} | {number(self.found)} | {verdict} |"
        )


@dataclass(frozen=True)
class Table:
    """Figures side by side.

    Attributes:
        title: what they are about.
        headers: of the columns.
        rows: a text for each column.
        notes: what a reader has to know, a sentence each.
        goals: limits that the figures were to keep.
    """

    title: str
    headers: list[str]
    rows: list[list[str]]
    notes: list[str] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)

    def markdown(self) -> str:
        """Title, table, notes and goals."""
        lines = [f"### {self.title}", "", *grid(self.headers, self.rows), ""]
        lines += [line for note in self.notes for line in (note, "")]
        return "\n".join([*lines, *goal_table(self.goals)])

    def as_json(self) -> dict[str, Any]:
        """What `from_json` takes."""
        return asdict(self)

    @classmethod
    def from_json(cls, known: dict[str, Any]) -> Table:
        """A table that another process reported."""
        return cls(**{**known, "goals": [Goal(**goal) for goal in known["goals"]]})


def grid(headers: list[str], rows: list[list[str]]) -> list[str]:
    """The lines of a Markdown table.

    >>> grid(["a", "b"], [["1", "2"]])
    ['| a | b |', '|---|---|', '| 1 | 2 |']
    """
    lines = [f"| {' | '.join(cells)} |" for cells in [headers, *rows]]
    return [lines[0], "|---" * len(headers) + "|", *lines[1:]]


def goal_table(goals: list[Goal]) -> list[str]:
    """The lines of a table of goals; none where there are no goals."""
    if not goals:
        return []
    return [*grid(["what", "goal", "measured", ""], []), *(goal.line() for goal in goals), ""]


def number(value: float) -> str:
    """Three digits that count.

    >>> [number(value) for value in (0.012345, 1.234, 123.4, 12345.6, 0)]
    ['0.0123', '1.23', '123', '12,346', '0']
    """
    if value == 0 or not np.isfinite(value):
        return f"{value:.0f}"
    digits = max(0, 2 - int(np.floor(np.log10(abs(value)))))
    return f"{value:,.{digits}f}"


def exponent(sizes: list[float], costs: list[float]) -> float:
    """The e in cost = c * size^e, by least squares over logarithms.

    >>> round(exponent([1, 2, 4], [3, 12, 48]), 6)
    2.0
    """
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])
