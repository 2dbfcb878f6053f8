"""A comparison as it is read: a column for each run, a row for each figure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from sparsey_trace.comparing.figures import FIGURE_NAMES
from sparsey_trace.layout import PHASES
from sparsey_trace.tables.summary import figure_text, unit_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sparsey_trace.comparing.figures import FigureName, Figures
    from sparsey_trace.comparing.run_figures import RunFigures
    from sparsey_trace.tables.summary import SummaryRow

_ALL_HEADS = 40
"""So many characters may all runs' names have together, that the table stays within 100 columns."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A table of texts.

    Attributes:
        heads: of the columns.
        rows: a text for each column.
        numbers: the heads of columns with numbers in them.
        runs: the heads of the runs' columns.
        footer: lines that explain the rows.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[str]
    runs: Sequence[str]
    footer: Sequence[str]


def sheet_of(runs: Sequence[RunFigures], figures: Sequence[Figures]) -> Sheet:
    """What at least two runs have, side by side; with two runs, also how the second differs from the first."""
    names = short_names([run.name for run in runs])
    changes = ["change"] if len(runs) == 2 else []
    rows: list[list[str]] = []
    for _, group in groupby(figures, key=lambda one: (one.metric, one.phase, one.layer)):
        found = {one.run: one for one in group}
        if len(found) > 1:
            rows += _rows([found.get(run.name) for run in runs], with_change=bool(changes))
    return Sheet(
        heads=("metric", "phase", "layer", "value", *names, *changes),
        rows=rows,
        numbers=(*names, *changes),
        runs=names,
        footer=_footer(runs, rows),
    )


def short_names(runs: Sequence[str], *, most: int = _ALL_HEADS) -> list[str]:
    """As much of the ends of paths as tells them apart; `run 1` and so on where that is too long.

    Args:
        runs: paths.
        most: how many characters all names may have together.

    >>> short_names(["old/digits.h5", "new/digits.h5"]), short_names(["old/a.h5", "new/b.metrics"])
    (['old/digits', 'new/digits'], ['a', 'b'])
    """
    parts = [[*Path(run).parts[:-1], Path(run).stem or run] for run in runs]
    names = [_short_name(part, parts) for part in parts]
    if len(set(names)) == len(runs) and max(map(len, names)) * len(runs) <= most:
        return names
    return [f"run {number}" for number in range(1, len(runs) + 1)]


def _short_name(part: Sequence[str], parts: Sequence[Sequence[str]]) -> str:
    for length in range(1, len(part)):
        if [other[-length:] for other in parts].count(part[-length:]) == 1:
            return "/".join(part[-length:])
    return "/".join(part)


def _rows(figures: Sequence[Figures | None], *, with_change: bool) -> Iterator[list[str]]:
    """The rows of one metric and layer; None stands for a run that has no figures there."""
    some = next(one for one in figures if one is not None)
    about = [some.metric, some.phase or "", "" if some.layer is None else some.layer]
    plain = [""] if with_change else []
    for name in FIGURE_NAMES:
        values = [None if one is None else one.value(name) for one in figures]
        if any(value is not None for value in values):
            cells = [_cell(one, name) for one in figures]
            yield [*about, name, *cells, *([_change(*values)] if with_change else [])]
    for more, field in (("best epoch", "best_epoch"), ("chance", "chance")):
        told = [None if one is None else getattr(one, field) for one in figures]
        if any(value is not None for value in told):
            yield [
                *about,
                more,
                *("" if value is None else f"{figure_text(value)} " for value in told),
                *plain,
            ]


def _cell(figures: Figures | None, name: FigureName) -> str:
    value = None if figures is None else figures.value(name)
    if figures is None or value is None:
        return ""
    # Marked or not, digits stand below digits.
    return f"{figure_text(value)}{'*' if name in figures.wins else ' '}"


def _change(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return ""
    change = after - before
    return f"{'+' if change > 0 else ''}{figure_text(change)}"


def _footer(runs: Sequence[RunFigures], rows: Sequence[Sequence[str]]) -> list[str]:
    best = {metric: best for run in runs for metric, best in run.best.items()}
    won = list(dict.fromkeys(row[0] for row in rows if row[3] == "best"))
    found = {way: [name for name in won if best[name] == way] for way in ("highest", "lowest")}
    lines = [f"* {way} is best: {', '.join(names)}" for way, names in found.items() if names]
    lines += on_best(row for run in runs for row in run.summary)
    lines += [f"now: {run.name}: {said}" for run in runs if (said := _stretch(run))]
    lines += unit_lines(row for run in runs for row in run.summary)
    if any(row[3] == "area" for row in rows):
        lines.append("area: how large basis sets were on average over the training samples, in codes")
    return lines


def on_best(rows: Iterable[SummaryRow]) -> list[str]:
    """What a reader of a * should know, as far as there is something to be best at."""
    judged = [row for row in rows if row.best is not None]
    told = list(dict.fromkeys(row.metric for row in judged if row.chance is not None))
    return [f"* only if no other run is further above its chance: {', '.join(told)}"] if told else []


def _stretch(run: RunFigures) -> str:
    """How many samples the figures of now stand for."""
    most = {
        phase: max(
            (row.samples or 0 for row in run.summary if row.phase == phase and row.best is not None),
            default=0,
        )
        for phase in PHASES
    }
    return " and ".join(f"the last {most[phase]:,} {phase} samples" for phase in PHASES if most[phase])
