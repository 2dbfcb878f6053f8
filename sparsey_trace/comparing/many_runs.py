"""Many runs side by side: a row for each, as columns for each can't be read any more."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal

from sparsey_trace.charts.over_runs.base import RunColumns
from sparsey_trace.charts.over_runs.catalogue import RUNS_CHARTS
from sparsey_trace.comparing.comparison import Comparison
from sparsey_trace.comparing.figures import winner
from sparsey_trace.comparing.run_figures import RunFigures
from sparsey_trace.comparing.sheet import Sheet, on_best
from sparsey_trace.errors import UsageError
from sparsey_trace.runs.configuration import as_text, differing, flat
from sparsey_trace.support.extras import require
from sparsey_trace.support.printable import count
from sparsey_trace.support.suggest import unknown
from sparsey_trace.tables.summary import figure_text, unit_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from sparsey_trace.metrics.base import Best
    from sparsey_trace.runs.entry import Entry
    from sparsey_trace.runs.runs_result import RunsResult


class ManyComparison(Comparison):
    """Many runs side by side; made by `compare` of what `open_runs` gives. `figures`, `table` and `check` as of a few.

    Attributes:
        entries: what is known of the runs.
        keys: in which their configurations differ.
        failed: run to why it isn't there.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        runs: Sequence[RunFigures],
        failed: dict[str, str],
        without: Sequence[str] = (),
    ) -> None:
        """Pair the figures of the runs; there are others, by name, without any."""
        super().__init__(runs)
        self.entries, self.failed = entries, failed
        self.keys = differing(entry.config for entry in entries)
        nothing = [f"{_few(without)}: left out: without figures of what is compared"] if without else []
        broken = [f"{name}: left out: {why}" for name, why in failed.items()]
        self.remarks = [*_lacking(runs), *nothing, *broken]

    @cached_property
    def means(self) -> dict[str, list[float | None]]:
        """By metric and phase, as in "match_accuracy eval", each run's `now` as a mean over layers; None without."""
        return self._means("now")

    @cached_property
    def chances(self) -> dict[str, list[float | None]]:
        """The same of what they would be by chance, of those of which that is known."""
        return self._means("chance")

    def _means(self, what: Literal["now", "chance"]) -> dict[str, list[float | None]]:
        found: dict[str, list[float | None]] = {}
        for number, run in enumerate(self.runs):
            for head, values in _values(run, what).items():
                column = found.setdefault(head, [None] * len(self.runs))
                column[number] = sum(values) / len(values)
        return found

    @cached_property
    def columns(self) -> RunColumns:
        """The same for charts of many runs."""
        configs = [flat(entry.config) for entry in self.entries]
        ways = {head: _way(head, self.runs) for head in self.means}
        return RunColumns(
            names=[run.name for run in self.runs],
            settings={key: [config.get(key) for config in configs] for key in self.keys},
            figures=self.means,
            chances=self.chances,
            better={head: way for head, way in ways.items() if way is not None},
        )

    def plot(self, ax: Axes | None = None, *, chart: str = "parallel_coordinates") -> Axes:
        """Draw configuration against figures with matplotlib: a line for each run.

        Args:
            ax: axes to draw on; by default those of a new figure.
            chart: which one; there is only this so far.

        Returns:
            The axes.

        Raises:
            UsageError: there is no such chart, or matplotlib isn't installed.
            TraceError: there is nothing to be drawn.
        """
        require("matplotlib", what="plot", extra="plot")
        if chart not in RUNS_CHARTS:
            raise UsageError(unknown("chart", chart, RUNS_CHARTS))
        if ax is None:
            from matplotlib.pyplot import subplots

            ax = subplots(figsize=(10, 4), layout="constrained")[1]
        drawn = RUNS_CHARTS[chart]
        drawn.draw(ax, drawn.data(self.columns))
        return ax

    @cached_property
    def wide(self) -> pd.DataFrame:
        """A row for each run: its name and id, the keys in which configurations differ, and `means`."""
        import pandas as pd

        configs = [flat(entry.config) for entry in self.entries]
        about = {"name": [run.name for run in self.runs], "run": [run.trace for run in self.runs]}
        differ = {f"config.{key}": [config.get(key) for config in configs] for key in self.keys}
        return pd.DataFrame(about | differ | {name: values for name, values in self.means.items()})

    def sheet(self) -> Sheet:
        """The same to be read; * marks the best run, where better means better."""
        nothing = [None] * len(self.runs)
        best = {
            head: winner(values, self.chances.get(head, nothing), _way(head, self.runs))
            for head, values in self.means.items()
        }
        configs = [flat(entry.config) for entry in self.entries]
        rows = [
            [
                run.name,
                *(as_text(config[key]) if key in config else "" for key in self.keys),
                *(_cell(values[number], is_best=best[head] == number) for head, values in self.means.items()),
            ]
            for number, (run, config) in enumerate(zip(self.runs, configs, strict=True))
        ]
        return Sheet(
            heads=("run", *self.keys, *self.means),
            rows=rows,
            numbers=tuple(self.means),
            runs=(),
            footer=_footer(self.runs, self.means),
        )

    def __repr__(self) -> str:
        """One line: how many runs there are."""
        return f"<ManyComparison of {count(len(self.runs), 'run')}: {', '.join(self.means)}>"


def figures_of_runs(
    result: RunsResult, metrics: Collection[str] | None
) -> tuple[list[Entry], list[RunFigures]]:
    """The runs of an analysis that have figures, and these; nothing but small files is read.

    Args:
        result: of many runs.
        metrics: the names of those that count; None for all.
    """
    summaries = result.summaries(metrics)
    best = result.better()
    entries = [entry for entry in result.entries if summaries.get(entry.run)]
    runs = [
        RunFigures(
            name=entry.name,
            trace=entry.run,
            samples=entry.samples,
            layers=(),
            summary=summaries[entry.run],
            best={row.metric: best.get(row.metric, "highest") for row in summaries[entry.run]},
            skipped={},
            remarks=(),
        )
        for entry in entries
    ]
    return entries, runs


def _values(run: RunFigures, what: Literal["now", "chance"]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for row in run.summary:
        value = row.now if what == "now" else row.chance
        if value is not None:
            found.setdefault(f"{row.metric} {row.phase}" if row.phase else row.metric, []).append(value)
    return found


def _way(head: str, runs: Sequence[RunFigures]) -> Best | None:
    """Whether the lowest or the highest is better; None where neither is."""
    metric, _, phase = head.partition(" ")
    for run in runs:
        for row in run.summary:
            if (row.metric, row.phase or "") == (metric, phase) and row.best is not None:
                return run.best[metric]
    return None


def _cell(value: float | None, *, is_best: bool) -> str:
    # Marked or not, digits stand below digits.
    return "" if value is None else f"{figure_text(value)}{'*' if is_best else ' '}"


def _footer(runs: Sequence[RunFigures], heads: Iterable[str]) -> list[str]:
    ways = {head: _way(head, runs) for head in heads}
    found = {way: [head for head in ways if ways[head] == way] for way in ("highest", "lowest")}
    return [
        "over the last epoch of a phase: means over the MACs of a layer, and over layers",
        *(f"* {way} is best: {', '.join(names)}" for way, names in found.items() if names),
        *on_best(row for run in runs for row in run.summary),
        *unit_lines(row for run in runs for row in run.summary),
    ]


def _lacking(runs: Sequence[RunFigures]) -> list[str]:
    """Lines on metrics that not all runs have."""
    metrics = dict.fromkeys(row.metric for run in runs for row in run.summary)
    lines = []
    for metric in metrics:
        without = [run.name for run in runs if not any(row.metric == metric for row in run.summary)]
        if without:
            lines.append(f"no {metric} of {_few(without)}")
    return lines


def _few(names: Sequence[str]) -> str:
    """How many runs these are, and the first of them."""
    return f"{count(len(names), 'run')}: {', '.join(names[:3])}{', …' if len(names) > 3 else ''}"
