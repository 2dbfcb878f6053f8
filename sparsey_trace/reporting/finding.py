"""A finding: something that a run came to, in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.reporting.runs import ReportRun
    from sparsey_trace.tables.summary import SummaryRow


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a reader should know.

    Attributes:
        about: a question, in a few words.
        answers: sentences: of one run one, of several one for each, which names it.
    """

    about: str
    answers: Sequence[str]


def rows_of(run: ReportRun, metric: str, phase: str) -> dict[int, SummaryRow]:
    """The rows of a run's summary of one metric and phase, by layer."""
    return {
        row.layer: row
        for row in run.figures.summary
        if (row.metric, row.phase) == (metric, phase) and row.layer is not None and row.now is not None
    }


def each(run: ReportRun, told: dict[int, str]) -> str:
    """What is told of each layer, with the layers' names.

    >>> from types import SimpleNamespace
    >>> each(SimpleNamespace(view=SimpleNamespace(layers={0: "v1", 1: "v2"})), {0: "3%", 1: "5%"})
    'v1 3%, v2 5%'
    """
    return ", ".join(f"{run.view.layers[layer]} {said}" for layer, said in told.items())
