"""Runs side by side: their figures, and whose are best."""

from __future__ import annotations

from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING

from sparsey_trace.comparing.figures import FIGURE_NAMES, all_figures
from sparsey_trace.comparing.layer_pairing import unshared
from sparsey_trace.comparing.rules import check, parse_rule
from sparsey_trace.comparing.sheet import Sheet, sheet_of
from sparsey_trace.support.html_table import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from sparsey_trace.comparing.rules import Violation
    from sparsey_trace.comparing.run_figures import RunFigures


class Comparison:
    """Runs side by side, per metric, phase and layer; made by `compare`. The others are compared with the first.

    Attributes:
        runs: the runs, as they were given.
        figures: by metric, phase and layer, those of each run that has some there.
        remarks: lines on what the runs don't share, and on what a reader should know of their figures.
    """

    def __init__(self, runs: Sequence[RunFigures]) -> None:
        """Pair the figures of the runs."""
        self.runs = runs
        self.figures = all_figures(runs)
        self.remarks = [*unshared(runs), *(remark for run in runs for remark in run.remarks)]

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row for each metric, phase, layer and run; `wins_now` and so on say whose figure is the best."""
        import pandas as pd

        rows = []
        for figures in self.figures:
            row = asdict(figures)
            wins = row.pop("wins")
            rows.append(row | {f"wins_{name}": name in wins for name in FIGURE_NAMES})
        return pd.DataFrame(rows).astype(
            {
                **dict.fromkeys(("number", "best_epoch", "samples"), "Int64"),
                **dict.fromkeys((*FIGURE_NAMES, "chance", "change"), "float64"),
            }
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
            violation for rule in map(parse_rule, texts) for violation in check(rule, self.runs, self.figures)
        ]

    def sheet(self) -> Sheet:
        """The same to be read: a column for each run."""
        return sheet_of(self.runs, self.figures)

    def __repr__(self) -> str:
        """One line: which runs there are."""
        return f"<Comparison: {', '.join(run.name for run in self.runs)}>"

    def _repr_html_(self) -> str:
        sheet = self.sheet()
        named = [f"{head}: {run.name}" for head, run in zip(sheet.runs, self.runs, strict=False)]
        notes = [*named, *sheet.footer, *self.remarks]
        return table(sheet.rows, heads=sheet.heads, numbers=sheet.numbers, notes=notes)
