"""All findings of a report, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.reporting.findings import activity, differences, growth, lost, match, similarity
from sparsey_trace.reporting.findings.finding import Finding
from sparsey_trace.reporting.tables import config_leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sparsey_trace.reporting.runs import ReportRun

_KINDS: tuple[tuple[str, Callable[[ReportRun], str]], ...] = (
    (match.ABOUT, match.against_chance),
    (similarity.ABOUT, similarity.near_and_far),
    (growth.ABOUT, growth.new_codes),
    (activity.ABOUT, activity.never_active),
    (lost.ABOUT, lost.missing),
)


def all_findings(runs: Sequence[ReportRun]) -> list[Finding]:
    """What there is to be said of these runs; first, of several, what differs in their configurations."""
    found = []
    if len(runs) > 1:
        said = differences.configuration(
            [run.name for run in runs], [dict(config_leaves(run.trace.config)) for run in runs]
        )
        found.append(Finding(about=differences.ABOUT, answers=[said]))
    for about, say in _KINDS:
        answers = [(run, answer) for run in runs if (answer := say(run))]
        if answers:
            named = [f"{run.name}: {answer}" if len(runs) > 1 else answer for run, answer in answers]
            found.append(Finding(about=about, answers=named))
    return found
