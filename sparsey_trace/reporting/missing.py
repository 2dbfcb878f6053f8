"""What was lost or left out."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sparsey_trace.reporting.finding import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.reporting.runs import ReportRun

ABOUT = "Is anything missing?"


def missing(run: ReportRun) -> Answer:
    """What the trace doesn't hold of its run, and which metrics could not be computed."""
    said = [run.result.gaps] if run.result.gaps else []
    lacking: dict[str, list[str]] = defaultdict(list)
    for name, why in run.result.skipped.items():
        lacking[why].append(name)
    said += [f"{why}; so there is no {_listed(names)}" for why, names in lacking.items()]
    said += [] if run.trace.closed else ["the trace was not closed: the run goes on, or was ended"]
    told = "; ".join(said)
    return Answer(said=f"{told[:1].upper()}{told[1:]}" if told else "Nothing: the whole run was recorded")


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]
