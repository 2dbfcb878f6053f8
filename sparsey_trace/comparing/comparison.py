"""Runs side by side: their figures, and whose are best."""

from __future__ import annotations

from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING

from sparsey_trace.comparing.figures import FIGURES, entries_of
from sparsey_trace.comparing.layer_pairing import unshared
from sparsey_trace.comparing.rules import check, parse_rule
from sparsey_trace.comparing.sheet import Sheet, sheet_of
from sparsey_trace.support.html_table import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from sparsey_trace.comparing.rules import Violation
    from sparsey_trace.comparing.run_figures import Side


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
        self.entries = entries_of(sides)
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
        return [
            violation
            for rule in map(parse_rule, texts)
            for violation in check(rule, self.sides, self.entries)
        ]

    def sheet(self) -> Sheet:
        """The same to be read: a column for each run."""
        return sheet_of(self.sides, self.entries)

    def __repr__(self) -> str:
        """One line: which runs there are."""
        return f"<Comparison: {', '.join(side.run for side in self.sides)}>"

    def _repr_html_(self) -> str:
        sheet = self.sheet()
        return table(
            sheet.rows, heads=sheet.heads, numbers=sheet.numbers, notes=[*sheet.footer, *self.remarks]
        )
