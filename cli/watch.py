"""Following a run in training: when to look, when to stop, and how it looks on a terminal and in a pipe."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import TraceError
from sparsey_trace.replay.live import LiveRun, Now
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.lock import is_left

from . import render

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator
    from pathlib import Path

HEADS = ("layer", "MACs", "median codes", "all codes", "coverage", "active", "silent")


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What is seen at one look.

    Attributes:
        run: the trace.
        state: `recording`, `closed`, or `left` where no writer is at it any more.
        now: the run as it stands.
    """

    run: Path
    state: str
    now: Now


def follow(run: Path, *, interval: float, once: bool) -> Iterator[Sight]:
    """Look again and again, until the trace is closed or its writer is no more.

    Args:
        run: the trace; it is waited for.
        interval: seconds between looks.
        once: look once, and don't wait.

    Raises:
        TraceError: there is no trace, it can't be read, or it was removed or replaced meanwhile.
    """
    if not once:
        _wait_for(run, interval)
    with open_trace(run) as trace:
        made, watching = run.stat(), LiveRun(trace)
        while True:
            # Before the look: what a writer left behind that was gone by now is seen as a whole.
            left = is_left(run)
            now = watching.catch_up()
            sight = Sight(run=run, state="closed" if now.closed else "left" if left else "recording", now=now)
            yield sight
            if once or sight.state != "recording":
                return
            time.sleep(interval)
            _check_place(run, made)


def _wait_for(run: Path, interval: float) -> None:
    if not run.exists():
        render.note(f"{run}: waiting for its first step")
    while not run.exists():
        time.sleep(interval)


def _check_place(run: Path, made: os.stat_result) -> None:
    try:
        found = run.stat()
        is_there = (found.st_dev, found.st_ino) == (made.st_dev, made.st_ino)
    except OSError:
        is_there = False
    if not is_there:
        msg = f"{run}: expected the trace that was watched, found it removed or replaced; watch it anew"
        raise TraceError(msg)


@contextlib.contextmanager
def shown(*, as_json: bool) -> Iterator[Callable[[Sight], None]]:
    """Show sights: drawn anew on a terminal, one after the other in a pipe or as JSON.

    Yields:
        A function to call with each.
    """
    if as_json or not render.on_terminal(sys.stdout):
        yield _Printed(_as_json if as_json else _as_text)
        return
    from rich.live import Live

    with Live(auto_refresh=False, vertical_overflow="visible") as screen:
        yield lambda sight: screen.update(_drawn(sight), refresh=True)


class _Printed:
    """Prints what has changed since the last time."""

    def __init__(self, form: Callable[[Sight], None]) -> None:
        self._form = form
        self._last: Sight | None = None

    def __call__(self, sight: Sight) -> None:
        if sight != self._last:
            self._form(sight)
            sys.stdout.flush()
        self._last = sight


def _as_json(sight: Sight) -> None:
    render.write(json.dumps({"trace": str(sight.run), "state": sight.state, **asdict(sight.now)}))


def _as_text(sight: Sight) -> None:
    for line in _lines(sight):
        render.write(line)
    render.table(HEADS, _rows(sight.now), numbers=HEADS[1:])
    render.write()


def _drawn(sight: Sight) -> Any:
    from rich.console import Group
    from rich.text import Text

    rows = [[render.printable(cell) for cell in row] for row in _rows(sight.now)]
    return Group(*map(Text, _lines(sight)), render.rich_table(HEADS, rows, HEADS[1:]))


def _lines(sight: Sight) -> list[str]:
    """What stands above the table."""
    now = sight.now
    parts = [f"{render.count(now.samples, 'sample')} in {render.count(now.steps, 'step')}"]
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
    return [render.printable(line) for line in lines]


def _rows(now: Now) -> list[list[str]]:
    return [
        [
            layer.name,
            f"{layer.macs:,}",
            f"{layer.basis_set_median:,.10g}",
            f"{layer.basis_set_total:,}",
            "" if layer.coverage is None else f"{layer.coverage:.4f}",
            f"{layer.active:.0%}",
            f"{layer.silent:,}",
        ]
        for layer in now.layers
    ]
