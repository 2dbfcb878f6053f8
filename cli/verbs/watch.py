"""`watch`: follow a run in training; when to look, when to stop, and how it looks on a terminal and in a pipe."""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sparsey_trace.errors import TraceError
from sparsey_trace.support.printable import count, last, printable

from ..options.common import Debug
from ..options.runs import (
    RefusedCompleteSteps,
    RefusedMissingRanks,
    RefusedRepeatedSteps,
    check_one_file,
)
from ..options.trace_path import path_here
from ..output.printing import flush, note, on_terminal, write, write_json
from ..output.table import rich_table, write_table

if TYPE_CHECKING:
    from sparsey_trace.replay.live import Now
    from sparsey_trace.trace.reading.trace import Trace

EXAMPLES = """\b
Examples:
  sparsey-trace watch run.h5
  sparsey-trace watch run.h5 --json | jq .samples"""

RunHere = Annotated[
    Path, typer.Argument(metavar="RUN.h5", help="The trace.", show_default=False, parser=path_here)
]
Interval = Annotated[
    float, typer.Option(min=0.1, metavar="SECONDS", help="How long to wait before looking again.")
]
Once = Annotated[bool, typer.Option("--once", help="Look once, and don't wait for anything.")]
JsonLines = Annotated[
    bool, typer.Option("--json", help="Print a JSON object on a line whenever something has changed.")
]

_COLUMNS = ("layer", "MACs", "codes", "coverage", "active", "never active")


def watch(
    run: RunHere,
    *,
    interval: Interval = 2.0,
    once: Once = False,
    as_json: JsonLines = False,
    missing_ranks: RefusedMissingRanks = "refuse",
    complete_steps: RefusedCompleteSteps = False,
    repeated_steps: RefusedRepeatedSteps = "all",
    debug: Debug = False,
) -> None:
    """Follow a run while it is recorded.

    Shows how long it is and, for each layer, of training, how many codes a MAC has learnt, how much of the input
    reaches it and for what share of samples it is active, now, as means over MACs, and how many MACs were never
    active; until the trace is closed or its writer is no more. Of several ranks it follows the one whose file is named.
    """
    check_one_file(
        run, missing_ranks=missing_ranks, complete_steps=complete_steps, repeated_steps=repeated_steps
    )
    with _shown(as_json=as_json) as show:
        for sight in _follow(run, interval=interval, once=once):
            show(sight)


@dataclass(frozen=True, kw_only=True)
class _Sight:
    """What is seen at one look.

    Attributes:
        run: the trace.
        state: `recording`, `closed`, or `left` where no writer is at it any more.
        now: the run as it stands.
    """

    run: Path
    state: str
    now: "Now"


def _follow(run: Path, *, interval: float, once: bool) -> Iterator[_Sight]:
    """Look again and again, until the trace is closed or its writer is no more.

    Args:
        run: the trace; it is waited for.
        interval: seconds between looks.
        once: look once, and don't wait.

    Raises:
        TraceError: there is no trace, it can't be read, or it was removed or replaced meanwhile.
    """
    from sparsey_trace.replay.live import LiveRun
    from sparsey_trace.trace.reading.open_trace import open_trace
    from sparsey_trace.trace.writing.lock import has_no_writer

    if not once:
        _wait_for(run, interval)
    with open_trace(run) as trace:
        watching = LiveRun(trace)
        while True:
            # Before the look: what a writer left behind that was gone by now is seen as a whole.
            left = has_no_writer(run)
            now = watching.catch_up()
            sight = _Sight(
                run=run, state="closed" if now.closed else "left" if left else "recording", now=now
            )
            yield sight
            if once or sight.state != "recording":
                return
            time.sleep(interval)
            _check_still_there(run, trace)


def _wait_for(run: Path, interval: float) -> None:
    if not run.exists():
        note(f"{run}: waiting for its first step")
    while not run.exists():
        time.sleep(interval)


def _check_still_there(run: Path, trace: "Trace") -> None:
    trace.refresh()  # its own writer may have made it anew
    try:
        is_there = os.path.samestat(run.stat(), trace.files[0].storage.status())
    except OSError:
        is_there = False
    if not is_there:
        msg = f"{run}: expected the trace that was watched, found it removed or replaced; watch it anew"
        raise TraceError(msg)


@contextlib.contextmanager
def _shown(*, as_json: bool) -> Iterator[Callable[[_Sight], None]]:
    """Show sights: drawn anew on a terminal, one after the other in a pipe or as JSON.

    Yields:
        A function to call with each.
    """
    if as_json or not on_terminal(sys.stdout):
        yield _Printed(_as_json if as_json else _as_text)
        return
    from rich.live import Live

    with Live(auto_refresh=False, vertical_overflow="visible") as screen:
        yield lambda sight: screen.update(_drawn(sight), refresh=True)


class _Printed:
    """Prints what has changed since the last time."""

    def __init__(self, form: Callable[[_Sight], None]) -> None:
        self._form = form
        self._last: _Sight | None = None

    def __call__(self, sight: _Sight) -> None:
        if sight != self._last:
            self._form(sight)
            flush()
        self._last = sight


def _as_json(sight: _Sight) -> None:
    write_json({"trace": str(sight.run), "state": sight.state, **asdict(sight.now)}, indent=None)


def _as_text(sight: _Sight) -> None:
    for line in _lines(sight):
        write(line)
    write_table(_COLUMNS, _rows(sight.now), numbers=_COLUMNS[1:])
    write()


def _drawn(sight: _Sight) -> Any:
    from rich.console import Group
    from rich.text import Text

    rows = [[printable(cell) for cell in row] for row in _rows(sight.now)]
    return Group(*map(Text, _lines(sight)), rich_table(_COLUMNS, rows, _COLUMNS[1:]))


def _lines(sight: _Sight) -> list[str]:
    """What stands above the table."""
    now = sight.now
    parts = [f"{count(now.samples, 'sample')} in {count(now.steps, 'step')}"]
    if now.time is None:
        parts.append("waiting for the first step" if sight.state == "recording" else "empty")
    else:
        parts.append(f"epoch {now.epoch} ({now.phase})")
        parts += [] if now.rate is None else [f"{now.rate:,.0f} samples/s"]
        age = max(0.0, time.time() - now.time)
        parts += [f"the last one {age:,.0f} s ago"] if sight.state == "recording" else []
    state = "left without being closed: its writer is no more" if sight.state == "left" else sight.state
    lines = [f"{sight.run}: {state}, {', '.join(parts)}"]
    lines += [f"{sight.run}: {now.gaps}"] if now.gaps else []
    if samples := max((layer.samples for layer in now.layers), default=0):
        over = last(samples, "sample")
        lines.append(
            f"In training: codes and never active so far; coverage and active as shares, over {over}."
        )
    return [printable(line) for line in lines]


def _rows(now: "Now") -> list[list[str]]:
    from sparsey_trace.tables.summary import figure_text

    return [
        [
            layer.name,
            f"{layer.macs:,}",
            "" if layer.basis_set_size is None else figure_text(layer.basis_set_size),
            "" if layer.coverage is None else figure_text(layer.coverage),
            "" if layer.active is None else figure_text(layer.active),
            "" if layer.silent is None else f"{layer.silent:,}",
        ]
        for layer in now.layers
    ]
