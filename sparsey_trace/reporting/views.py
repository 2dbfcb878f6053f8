"""The runs of a report, side by side: what they are called, and which of their layers pair."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sparsey_trace.comparing.layer_pairing import layer_names
from sparsey_trace.comparing.run_figures import figures_of_tables
from sparsey_trace.comparing.sheet import short_names
from sparsey_trace.pictures.run import Run
from sparsey_trace.trace.paths import common_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.comparing.run_figures import RunFigures
    from sparsey_trace.replay.find_or_make import Tables
    from sparsey_trace.trace.reading.trace import Trace


@dataclass(frozen=True, eq=False, kw_only=True)
class View:
    """One of the runs.

    Attributes:
        place: among the runs; stands for its colour.
        run: what pictures are made from.
        figures: its figures.
        tables: held, as tables that aren't kept live as long as these.
        layers: what each layer is called, by number; layers of several runs that are called alike are compared.
    """

    place: int
    run: Run
    figures: RunFigures
    tables: Tables
    layers: dict[int, str]

    @property
    def name(self) -> str:
        """What the run is called."""
        return self.run.name

    def has(self, table: str) -> bool:
        """Whether there is such a table."""
        return table in self.run.result

    def why_not(self, table: str) -> str:
        """Why a table isn't there."""
        return self.run.result.skipped.get(table, "it isn't among the tables")


class Views:
    """All runs of a report."""

    def __init__(self, found: Sequence[tuple[Trace, Tables]]) -> None:
        """Pair them."""
        names = _names([trace for trace, _ in found])
        figures = [
            figures_of_tables(trace, tables, name=name)
            for name, (trace, tables) in zip(names, found, strict=True)
        ]
        self.all = [
            View(
                place=place,
                run=Run(name=names[place], trace=trace, result=tables.result),
                figures=figures[place],
                tables=tables,
                layers=layers,
            )
            for place, ((trace, tables), layers) in enumerate(zip(found, layer_names(figures), strict=True))
        ]

    @property
    def are_several(self) -> bool:
        """Whether there is more than one."""
        return len(self.all) > 1

    @property
    def figures(self) -> list[RunFigures]:
        """The figures of each."""
        return [view.figures for view in self.all]

    @cached_property
    def layers(self) -> list[str]:
        """What layers are called, of all runs together."""
        return list(dict.fromkeys(name for view in self.all for name in view.layers.values()))

    def having(self, table: str) -> list[View]:
        """The runs that have a table."""
        return [view for view in self.all if view.has(table)]

    def lacking(self, table: str, what: str) -> list[str]:
        """A line for each run that doesn't, and why."""
        return [
            f"No {what}{f' of {view.name}' if self.are_several else ''}: {view.why_not(table)}."
            for view in self.all
            if not view.has(table)
        ]


def _names(traces: Sequence[Trace]) -> list[str]:
    if len(traces) == 1:
        return [common_name(traces[0].paths).name]
    return short_names([str(trace.path) for trace in traces], most=400)
