"""All printing: results on standard output, all else on standard error.

Tables by rich on a terminal; in a pipe aligned plain lines, that `grep`, `sort` and `cut` can work on.
Rich itself is imported where it is used.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TextIO

from sparsey_trace.support import progress as bar
from sparsey_trace.support.printable import count as count
from sparsey_trace.support.printable import printable as printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from rich.table import Table

    from sparsey_trace.replay.explain import Explanation
    from sparsey_trace.replay.result import Result
    from sparsey_trace.trace.rescue.repair import Repaired
    from sparsey_trace.trace.rescue.validate import Report

_LOSSES = 20
"""So many lines on what was lost are enough."""


def write(text: str = "") -> None:
    """A line on standard output."""
    print(text)


def error(message: str) -> None:
    """What went wrong, in one line on standard error."""
    print(f"sparsey-trace: {printable(message)}", file=sys.stderr)


def note(message: str) -> None:
    """Something worth knowing, in one line on standard error."""
    print(printable(message), file=sys.stderr)


def warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    line: str | None = None,
) -> str:
    """A warning as Python shows it then: in one line, without the place in our code that gave it."""
    return f"sparsey-trace: {printable(f'{category.__name__}: {message}')}\n"


def traceback(error: Exception) -> None:
    """Where an error came from."""
    import traceback as python

    python.print_exception(error, file=sys.stderr)


def flush() -> None:
    """Hand on what was printed; a reader who has seen enough (`| head`) is no fault."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more when it ends, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def on_terminal(stream: TextIO) -> bool:
    """Whether a person is looking."""
    return stream.isatty()


def json_object(value: Any) -> None:
    """One JSON object on standard output."""
    write(json.dumps(value, indent=2))


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: Sequence[str] = (),
    grouped: bool = False,
) -> None:
    """A table; the columns named in `numbers` are set to the right; groups by the first column are set apart."""
    clean = [[printable(cell) for cell in row] for row in rows]
    if on_terminal(sys.stdout):
        from rich.console import Console

        Console().print(rich_table(heads, clean, numbers, grouped=grouped))
        return
    widths = [max(map(len, column)) for column in zip(heads, *clean, strict=True)]
    for place, row in enumerate((heads, *clean)):
        if grouped and place > 1 and row[0] != clean[place - 2][0]:
            write()
        cells = [
            cell.rjust(width) if head in numbers else cell.ljust(width)
            for cell, width, head in zip(row, widths, heads, strict=True)
        ]
        write("  ".join(cells).rstrip())


def rich_table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str], *, grouped: bool = False
) -> Table:
    """A table of clean texts, for rich to draw."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    lines = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for head in heads:
        lines.add_column(head, justify="right" if head in numbers else "left", overflow="fold")
    for row, below in zip_longest(rows, rows[1:]):
        lines.add_row(*map(Text, row), end_section=grouped and below is not None and below[0] != row[0])
    return lines


def pairs(values: Mapping[str, str]) -> None:
    """Names and values, a line each."""
    width = max(map(len, values))
    for name, value in values.items():
        write(f"{name.ljust(width)}  {printable(value)}")


def wants_progress(*, asked: bool | None = None) -> bool:
    """Whether to show progress: as was asked for, else where somebody is looking at standard error."""
    return on_terminal(sys.stderr) if asked is None else asked


def progress(what: str, *, unit: str) -> AbstractContextManager[Callable[[int, int], None]]:
    """A bar on standard error where that is a terminal; see `sparsey_trace.support.progress`."""
    return bar.progress(what, unit=unit, shown=wants_progress())


def analysis(run: Path, folder: Path, result: Result, *, as_json: bool) -> None:
    """What an analysis came to, where its tables are and which metrics are missing."""
    lines = result.summary()
    if as_json:
        json_object(
            {
                "trace": str(run),
                "folder": str(folder),
                "tables": {name: str(path) for name, path in result.paths.items()},
                "summary": [asdict(line) for line in lines],
                "skipped": result.skipped,
                "gaps": result.gaps,
                "notes": result.notes,
            }
        )
        return
    table(
        ("metric", "layer", "last", "best", "at"),
        [line.texts() for line in lines],
        numbers=("layer", "last", "best"),
    )
    if result.gaps:
        write(printable(f"{run}: {result.gaps}"))
    for name, notes in result.notes.items():
        write(f"note on {name}: {'; '.join(notes)}")
    for name in result:
        if not any(line.table == name for line in lines):
            write(f"{name} has no lines: no sample of the trace has a value")
    for name, reason in result.skipped.items():
        write(printable(f"skipped {name}: {reason}"))
    files = ", ".join(f"{name}.parquet" for name in result)
    write(printable(f"{count(len(result), 'table')} of {run} in {folder}: {files}"))


def explanation(found: Explanation, *, as_json: bool) -> None:
    """What an analysis would do."""
    if as_json:
        json_object(asdict(found))
        return
    for line in str(found).splitlines():
        write(printable(line))


def soundness(named: str, report: Report, *, as_json: bool) -> None:
    """That a trace is sound, and what is worth knowing of it."""
    if as_json:
        json_object({"trace": named, "sound": True, **asdict(report)})
        return
    write(printable(f"{named}: sound, {count(report.samples, 'sample')} in {count(report.steps, 'step')}"))
    for note in report.notes:
        write(printable(f"{named}: note: {note}"))


def repaired(run: Path, out: Path, found: Repaired, *, as_json: bool) -> None:
    """What a repair saved; what it could not, as far as a person reads it."""
    if as_json:
        json_object({"trace": str(run), "out": str(out), **asdict(found)})
        return
    for loss in found.losses[:_LOSSES]:
        write(printable(f"{run}: lost: {loss}"))
    if len(found.losses) > _LOSSES:
        write(printable(f"{run}: lost: and {len(found.losses) - _LOSSES:,} more"))
    kept = f"kept {found.kept:,} of {count(found.committed, 'committed sample')}"
    write(printable(f"{out}: {kept}, in {count(found.steps, 'step')}; lost {found.lost:,}"))


def facts(found: Mapping[str, Any], *, as_json: bool) -> None:
    """What a trace holds."""
    from sparsey_trace.replay.describe import LAYER_HEADS, described, described_layer

    if as_json:
        json_object(found)
        return
    pairs(described(found))
    write()
    table(LAYER_HEADS, [described_layer(layer) for layer in found["layers"]], numbers=LAYER_HEADS[1:])
    write()
    table(("metric", "can be computed"), [(name, _answer(name, found)) for name in found["metrics"]])


def _answer(metric: str, found: Mapping[str, Any]) -> str:
    """Whether a metric can be computed, or why not."""
    reason, notes = found["metrics"][metric], found["notes"].get(metric, [])
    return ": ".join(["yes", *notes]) if reason is None else f"no: {reason}"


def catalogue(metrics: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """The metrics there are."""
    if as_json:
        json_object({"metrics": metrics})
        return
    for metric in metrics:
        package = f" (from {metric['package']})" if metric["package"] else ""
        write(printable(f"{metric['name']}  {metric['about']}{package}"))
        for name, parameter in metric["parameters"].items():
            write(f"    {name}={_written(parameter['default'])}  ({parameter['type']})")


def _written(default: Any) -> str:
    """A default as it would be written on the command line."""
    return str(default).lower() if default is None or isinstance(default, bool) else str(default)
