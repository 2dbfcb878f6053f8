"""`repair`: save in a new trace what can be had of a broken or unclosed one."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from sparsey_trace.support.printable import count, printable

from ..options.common import Debug, Json, Overwrite
from ..options.runs import NewTrace, Run
from ..output.printing import progress, write, write_json

if TYPE_CHECKING:
    from sparsey_trace.trace.rescue.repair import Repaired

EXAMPLES = """\b
Examples:
  sparsey-trace repair run.h5 -o repaired.h5
  sparsey-trace repair run.h5 -o repaired.h5 && sparsey-trace analyze repaired.h5"""


_MOST_LOSSES = 20
"""So many are shown."""


def repair(
    run: Run,
    *,
    out: NewTrace,
    overwrite: Overwrite = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Save what can be had of a broken or unclosed trace in a new one.

    The trace itself is only read. The exit code is 1 where nothing can be had.
    """
    from sparsey_trace.trace.rescue.repair import repair as save

    with progress("repairing", unit="samples") as on_progress:
        found = save(run, out, overwrite=overwrite, on_progress=on_progress)
    if as_json:
        write_json({"trace": str(run), "out": str(out), **asdict(found)})
    else:
        _show(run, out, found)


def _show(run: Path, out: Path, found: "Repaired") -> None:
    """What a repair saved; what it could not, as far as a person reads it."""
    for loss in found.losses[:_MOST_LOSSES]:
        write(printable(f"{run}: lost: {loss}"))
    if len(found.losses) > _MOST_LOSSES:
        write(printable(f"{run}: lost: and {len(found.losses) - _MOST_LOSSES:,} more"))
    kept = f"kept {found.kept:,} of {count(found.committed, 'committed sample')}"
    write(printable(f"{out}: {kept}, in {count(found.steps, 'step')}; lost {found.lost:,}"))
