"""The runs that a report shows: what they are called, and which of their layers pair."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.charts.shared.run import Run


@dataclass(frozen=True, eq=False, kw_only=True)
class View:
    """One of the runs.

    Attributes:
        series: its number among the runs; stands for its colour.
        run: what charts are made from.
        layers: what each layer is called, by number; layers of several runs that are called alike are compared.
    """

    series: int
    run: Run
    layers: dict[int, str]

    @property
    def name(self) -> str:
        """What the run is called."""
        return self.run.name

    def has(self, table: str) -> bool:
        """Whether there is such a table."""
        return table in self.run.tables

    def why_not(self, table: str) -> str:
        """Why a table isn't there."""
        return self.run.tables.skipped.get(table, "it isn't among the tables")


@dataclass(frozen=True, eq=False)
class Views:
    """All runs of a report, in order."""

    all: Sequence[View]

    @property
    def are_several(self) -> bool:
        """Whether there is more than one."""
        return len(self.all) > 1

    @cached_property
    def layers(self) -> list[str]:
        """What layers are called, of all runs together."""
        return list(dict.fromkeys(name for view in self.all for name in view.layers.values()))

    def having(self, table: str) -> list[View]:
        """The runs that have a table."""
        return [view for view in self.all if view.has(table)]

    def lacking(self, table: str, what: str) -> list[str]:
        """A sentence for each run that lacks a table, with the reason; `what` is what it would have shown."""
        return [
            f"No {what}{f' of {view.name}' if self.are_several else ''}: {view.why_not(table)}."
            for view in self.all
            if not view.has(table)
        ]
