"""What was lost or left out."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sparsey_trace.reporting.runs import ReportRun

ABOUT = "Is anything missing?"


def missing(run: ReportRun) -> str:
    """What the trace doesn't hold of its run, and which metrics could not be computed."""
    said = [run.result.gaps] if run.result.gaps else []
    lacking: dict[str, list[str]] = defaultdict(list)
    for name, why in run.result.skipped.items():
        lacking[why].append(name)
    said += [f"no {', '.join(names)}: {why}" for why, names in lacking.items()]
    said += [] if run.trace.closed else ["the trace was not closed: the run goes on, or was ended"]
    return (
        f"{'; '.join(said)[:1].upper()}{'; '.join(said)[1:]}."
        if said
        else "Nothing: the whole run was recorded."
    )
