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
from sparsey_trace.reporting.tables import Table, config_leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sparsey_trace.reporting.finding import Answer
    from sparsey_trace.reporting.runs import ReportRun

_KINDS: tuple[tuple[str, Callable[[ReportRun], Answer | None]], ...] = (
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
        answers = [(run, answer) for run in runs if (answer := say(run)) is not None]
        if answers:
            found.append(of_several(about, answers) if len(runs) > 1 else _of_one(about, *answers[0]))
    return found


def _of_one(about: str, run: ReportRun, answer: Answer) -> Finding:
    return Finding(about=about, answers=[answer.text(run)])


def of_several(about: str, answers: Sequence[tuple[ReportRun, Answer]]) -> Finding:
    """What several runs answer: what they say of layers in a table, and what they all say once."""
    texts = [answer.text(run) for run, answer in answers]
    if len(texts) > 1 and len(set(texts)) == 1:
        return Finding(about=about, answers=[f"{texts[0]} This holds of every run."])
    beside = [(run, answer) for run, answer in answers if answer.by_layer]
    if len(beside) < 2 or len({answer.said for _, answer in beside}) > 1:
        return Finding(
            about=about,
            answers=[f"{run.name}: {text}" for (run, _), text in zip(answers, texts, strict=True)],
        )
    remarks = [
        f"{run.name}: {answer.remark if answer.by_layer else answer.text(run)}"
        for run, answer in answers
        if answer.remark or not answer.by_layer
    ]
    return Finding(about=about, answers=remarks, table=_beside(beside))


def _beside(answers: Sequence[tuple[ReportRun, Answer]]) -> Table:
    """A row for each run: what is the same for all of them stands above, once."""
    leads = {answer.lead for _, answer in answers}
    told = [
        (run.name if len(leads) == 1 else f"{run.name}, over {answer.over}", _by_name(run, answer))
        for run, answer in answers
    ]
    layers = list(dict.fromkeys(name for _, by_name in told for name in by_name))
    return Table(
        caption=leads.pop() if len(leads) == 1 else answers[0][1].said,
        heads=["", *layers],
        rows=[[row, *(by_name.get(name, "") for name in layers)] for row, by_name in told],
        numbers=[],
    )


def _by_name(run: ReportRun, answer: Answer) -> dict[str, str]:
    return {run.view.layers[layer]: said for layer, said in answer.by_layer.items()}
