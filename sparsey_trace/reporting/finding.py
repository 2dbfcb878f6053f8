"""A finding: something that runs came to, in a sentence or, of several, in a small table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sparsey_trace.reporting.runs import ReportRun
    from sparsey_trace.reporting.tables import Table
    from sparsey_trace.tables.summary import SummaryRow


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a reader should know.

    Attributes:
        about: a question, in a few words.
        answers: sentences, which name their run where several differ.
        table: what several runs came to, a row for each and a column for each layer.
    """

    about: str
    answers: Sequence[str]
    table: Table | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one run answers.

    Attributes:
        said: what is told of each layer, in words; or all of it, where nothing is.
        over: over which samples; may be empty.
        by_layer: what is told of each layer, by number.
        remark: a sentence about that; may be empty.
    """

    said: str
    over: str = ""
    by_layer: Mapping[int, str] = field(default_factory=dict)
    remark: str = ""

    def text(self, run: ReportRun) -> str:
        """All of it, with the layers' names."""
        if not self.by_layer:
            return " ".join(filter(None, [f"{self.said}.", self.remark]))
        layers = ", ".join(f"{run.view.layers[layer]} {said}" for layer, said in self.by_layer.items())
        return " ".join(filter(None, [f"{self.lead}: {layers}.", self.remark]))

    @property
    def lead(self) -> str:
        """What is told, and over which samples."""
        return f"{self.said}, over {self.over}" if self.over else self.said


def under_names(run: ReportRun, layers: Sequence[int], said: str) -> list[str]:
    """What is said of some layers, as a sentence; nothing of none."""
    return [f"In {', '.join(run.view.layers[layer] for layer in layers)} {said}."] if layers else []


def rows_of(run: ReportRun, metric: str, phase: str) -> dict[int, SummaryRow]:
    """The rows of a run's summary of one metric and phase, by layer."""
    return {
        row.layer: row
        for row in run.figures.summary
        if (row.metric, row.phase) == (metric, phase) and row.layer is not None and row.now is not None
    }
