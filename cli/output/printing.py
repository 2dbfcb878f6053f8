"""All printing: results on standard output, all else on standard error."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, TextIO

from sparsey_trace.errors import said_by_url
from sparsey_trace.support import progress as bar
from sparsey_trace.support.printable import printable

from . import streams

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from sparsey_trace.trace.reading.trace import Trace


def write(text: str = "") -> None:
    """Write a line on standard output.

    Raises:
        OutputError: it takes nothing more.
    """
    with streams.printing_results():
        print(said_by_url(text))


def write_json(value: Any, *, indent: int | None = 2) -> None:
    """Write one JSON object on standard output; null stands for nan and infinities, which JSON can't say.

    Args:
        value: what JSON can say, as Python takes it.
        indent: None for one line.
    """
    sayable = json.loads(json.dumps(value), parse_constant=lambda _: None)
    write(json.dumps(sayable, indent=indent, allow_nan=False))


def error(message: str) -> None:
    """Say in one line on standard error what went wrong."""
    streams.say(f"sparsey-trace: {printable(message)}")


def note(message: str) -> None:
    """Say something worth knowing, in one line on standard error."""
    streams.say(printable(said_by_url(message)))


def note_run_part(trace: Trace) -> None:
    """Note that a trace is only a part of its run, if it is."""
    from sparsey_trace.replay.describe import part_in_words

    if part := part_in_words(trace):
        note(f"{trace.path}: note: {part}")


def format_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    line: str | None = None,
) -> str:
    """A warning for `warnings.formatwarning`: in one line, without the file and line of our code that gave it."""
    return f"sparsey-trace: {printable(f'{category.__name__}: {message}')}\n"


def traceback(error: Exception) -> None:
    """Show on standard error where an error came from."""
    import traceback as python

    streams.say("".join(python.format_exception(error)).rstrip("\n"))


def flush() -> None:
    """Hand on what was printed; a reader who has seen enough (`| head`) is no fault.

    Raises:
        OutputError: standard output takes nothing more.
    """
    try:
        with streams.printing_results():
            sys.stdout.flush()
    except BrokenPipeError:
        streams.let_go(sys.stdout)


def on_terminal(stream: TextIO) -> bool:
    """Whether a person is looking."""
    return stream.isatty()


def wants_progress(*, asked: bool | None = None) -> bool:
    """Whether to show progress: as was asked for, else where somebody is looking at standard error."""
    return on_terminal(sys.stderr) if asked is None else asked


def progress(what: str, *, unit: str) -> AbstractContextManager[Callable[[int, int], None]]:
    """A bar on standard error where that is a terminal; see `sparsey_trace.support.progress`."""
    return bar.progress(what, unit=unit, shown=wants_progress())
