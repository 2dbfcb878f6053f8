"""What a chart of many runs has: a name, words, what it shows as arrays, and who draws it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from sparsey_trace.charts.shared.words import Heading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from sparsey_trace.charts.panels.panel import Contribution
    from sparsey_trace.charts.shared.words import Words

ALL_RUNS = Heading("all-runs", "All runs")

_Shown = TypeVar("_Shown")


@dataclass(frozen=True, kw_only=True)
class RunColumns:
    """What is known of R runs, by column.

    Attributes:
        names: [R], what they are called.
        settings: key of their configurations to [R] values, None where a run has none.
        figures: what they came to, by name: [R] numbers or None.
        better: of figures, whether the lowest or the highest is better; those that are missing are neither.
        chances: as `figures`, what they would be by chance, of those of which that is known.
    """

    names: Sequence[str]
    settings: Mapping[str, Sequence[Any]]
    figures: Mapping[str, Sequence[float | None]]
    better: Mapping[str, Literal["lowest", "highest"]]
    chances: Mapping[str, Sequence[float | None]] = field(default_factory=dict)

    @property
    def main(self) -> str | None:
        """The figure by which runs are told apart: match accuracy, or the first that can be better."""
        named = [name for name in self.better if name.startswith("match_accuracy ")]
        return next(iter([*named, *self.better]), None)

    @property
    def main_chances(self) -> list[float] | None:
        """[R] what it would be by chance, 0 where a run hasn't it; None where that isn't known of all that have it."""
        chances = self.chances.get(self.main or "")
        values = self.figures.get(self.main or "", ())
        pairs = list(zip(values, chances or (), strict=False))
        if not chances or any(value is not None and chance is None for value, chance in pairs):
            return None
        return [chance or 0.0 for chance in chances]

    def best_first(self) -> list[int]:
        """The runs that have the main figure, best first: furthest above chance, where that is known."""
        if self.main is None:
            return []
        sign = -1 if self.better[self.main] == "highest" else 1
        values = self.figures[self.main]
        chances = self.main_chances or [0.0] * len(values)
        known = [
            (sign * (value - chance), number)
            for number, (value, chance) in enumerate(zip(values, chances, strict=True))
            if value is not None
        ]
        return [number for _, number in sorted(known)]


class RunsChart(ABC, Generic[_Shown]):
    """One chart of many runs; it has a line in `catalogue`.

    Class attributes:
        name: what it is asked for by.
        words: its title, axes and meaning.
    """

    name: ClassVar[str]
    words: ClassVar[Words]

    @abstractmethod
    def data(self, runs: RunColumns) -> _Shown:
        """What there is to be drawn.

        Raises:
            TraceError: there is nothing.
        """

    @abstractmethod
    def draw(self, ax: Axes, found: _Shown) -> None:
        """Draw on axes of matplotlib."""

    @abstractmethod
    def in_report(self, runs: RunColumns) -> Contribution:
        """What a report shows, drawn by plotly."""
