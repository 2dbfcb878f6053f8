"""`validate`: whether a trace is sound."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import TraceError
from sparsey_trace.support.printable import count, printable

from ..options.common import Debug, Json
from ..options.runs import CompleteSteps, MissingRanks, RepeatedSteps, Runs
from ..output.printing import progress, write, write_json

if TYPE_CHECKING:
    from sparsey_trace.trace.rescue.validate import Report

EXAMPLES = """\b
Examples:
  sparsey-trace validate run.h5
  sparsey-trace validate run.h5 && sparsey-trace analyze run.h5
  sparsey-trace validate run.h5 --json | jq .sound"""


def validate(
    runs: Runs,
    *,
    missing_ranks: MissingRanks = "refuse",
    complete_steps: CompleteSteps = False,
    repeated_steps: RepeatedSteps = "all",
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Read all of a trace and check it; of several files, also whether they make one run.

    The exit code is 0 if it is sound; else 1, with a line that says what is wrong and where.
    """
    named = ", ".join(map(str, runs))
    try:
        report = _checked(
            runs, missing_ranks=missing_ranks, complete_steps=complete_steps, repeated_steps=repeated_steps
        )
    except TraceError as fault:
        if as_json:
            write_json({"trace": named, "sound": False, "fault": str(fault)})
        raise
    if as_json:
        write_json({"trace": named, "sound": True, **asdict(report)})
    else:
        _show(named, report)


def _checked(runs: Sequence[Path], **files: Any) -> "Report":
    from sparsey_trace.trace.rescue.validate import validate as check

    with progress("checking", unit="samples") as on_progress:
        return check(runs, on_progress=on_progress, **files)


def _show(named: str, report: "Report") -> None:
    """That a trace is sound, and what is worth knowing of it."""
    samples, steps = count(report.samples, "sample"), count(report.steps, "step")
    write(printable(f"{named}: sound, {samples} in {steps}"))
    for note in report.notes:
        write(printable(f"{named}: note: {note}"))
