"""All findings of a report, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.reporting import (
    against_chance,
    differences,
    missing,
    near_and_far,
    never_active,
    new_codes,
)
from sparsey_trace.reporting.finding import Finding
from sparsey_trace.reporting.tables import config_leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sparsey_trace.reporting.runs import ReportRun

_KINDS: tuple[tuple[str, Callable[[ReportRun], str]], ...] = (
    (against_chance.ABOUT, against_chance.against_chance),
    (near_and_far.ABOUT, near_and_far.near_and_far),
    (new_codes.ABOUT, new_codes.new_codes),
    (never_active.ABOUT, never_active.never_active),
    (missing.ABOUT, missing.missing),
)


def all_findings(runs: Sequence[ReportRun]) -> list[Finding]:
    """What there is to be said of these runs; first, of several, what differs in their configurations."""
    found = []
    if len(runs) > 1:
        said = differences.configuration(
            [run.name for run in runs], [dict(config_leaves(run.trace.config)) for run in runs]
        )
        found.append(Finding(about=differences.ABOUT, answers=said))
    for about, say in _KINDS:
        answers = [(run, answer) for run in runs if (answer := say(run))]
        if answers:
            found.append(
                Finding(about=about, answers=_together(answers) if len(runs) > 1 else [answers[0][1]])
            )
    return found


def _together(answers: Sequence[tuple[ReportRun, str]]) -> list[str]:
    """What several runs answer: what they all begin with stands there once."""
    texts = [answer for _, answer in answers]
    if len(texts) > 1 and len(set(texts)) == 1:
        return [f"{texts[0]} This holds of every run."]
    lead = f"{texts[0].partition(': ')[0]}: "
    if len(texts) == 1 or not all(text.startswith(lead) for text in texts):
        return [f"{run.name}: {answer}" for run, answer in answers]
    return [lead.rstrip(), *(f"{run.name}: {answer.removeprefix(lead)}" for run, answer in answers)]
