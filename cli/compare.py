"""A comparison on the screen and in a file."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sparsey_trace.comparing.rules import parse_rule
from sparsey_trace.errors import UsageError
from sparsey_trace.replay.describe import place
from sparsey_trace.support.writing import writing
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.reading.trace import Trace

from . import render

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sparsey_trace.comparing.comparison import Comparison
    from sparsey_trace.comparing.rules import Violation

_FORMS = (".parquet", ".csv", ".json")


def check_asked(rules: Sequence[str], out: Path | None) -> None:
    """See that rules and the file to write make sense, before anything is computed.

    Raises:
        UsageError: they don't.
    """
    for rule in rules:
        parse_rule(rule)
    if out is not None and out.suffix not in _FORMS:
        msg = f"--out: expected a file's name that ends in one of {', '.join(_FORMS)}, found {str(out)!r}"
        raise UsageError(msg)


@contextlib.contextmanager
def opened(runs: Sequence[Path]) -> Iterator[list[Trace | Path]]:
    """The traces among runs, opened, and the folders as they are.

    Raises:
        TraceError: one is neither.
    """
    with contextlib.ExitStack() as stack:
        sources = [run if run.is_dir() else stack.enter_context(open_trace(run)) for run in runs]
        for source in sources:
            if isinstance(source, Trace) and (part := place(source)):
                render.note(f"{source.path}: note: {part}")
        yield sources


def longest(sources: Sequence[Trace | Path]) -> int:
    """How many samples the longest of the traces has."""
    return max((len(source) for source in sources if isinstance(source, Trace)), default=0)


def write(comparison: Comparison, path: Path) -> None:
    """Write the table of a comparison; a file that is there is replaced.

    Raises:
        OutputError: the file can't be written.
    """
    frame = comparison.table
    with writing(path):
        if path.suffix == ".parquet":
            frame.to_parquet(path, index=False)
        elif path.suffix == ".csv":
            frame.to_csv(path, index=False)
        else:
            frame.to_json(path, orient="records", indent=2)


def show(
    comparison: Comparison, violations: Sequence[Violation], *, rules: Sequence[str], as_json: bool
) -> None:
    """Show runs side by side, what they don't share, and on standard error which rules were broken."""
    if as_json:
        render.write(json.dumps(_plain(comparison, violations), indent=2))
    else:
        _show(comparison)
        if rules and not violations:
            render.write(f"{render.count(len(rules), 'rule')} kept")
    for violation in violations:
        render.error(f"rule broken: {violation}")


def _show(comparison: Comparison) -> None:
    sheet = comparison.sheet()
    runs = zip(sheet.runs, comparison.runs, strict=True)
    render.pairs({name: f"{run.name}, {render.count(run.samples, 'sample')}" for name, run in runs})
    render.write()
    render.table(sheet.heads, sheet.rows, numbers=sheet.numbers, grouped=True)
    render.write()
    for line in [*sheet.footer, *comparison.remarks]:
        render.write(render.printable(line))


def _plain(comparison: Comparison, violations: Sequence[Violation]) -> dict[str, Any]:
    """As plain values that JSON can say."""
    return {
        "runs": [{"run": run.name, "trace": run.trace, "samples": run.samples} for run in comparison.runs],
        "entries": [asdict(figures) for figures in comparison.figures],
        "remarks": comparison.remarks,
        "violations": [asdict(violation) for violation in violations],
    }
