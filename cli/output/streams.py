"""Standard input, output and error as the shell hands them over: one may be closed, another takes nothing more."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, TextIO

from sparsey_trace.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def open_closed() -> None:
    """Have nothing at the other end of the streams that are closed (`>&-`).

    The next file to be opened would take a closed one's number otherwise, and with it all that is printed.
    """
    for number, (name, mode) in enumerate(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - no path


@contextlib.contextmanager
def printing_results() -> Iterator[None]:
    """Turn what goes wrong in printing into an error that says so; a reader who has seen enough stays what it is.

    Raises:
        BrokenPipeError: nobody reads any more.
        OutputError: standard output takes nothing more.
    """
    try:
        yield
    except (BrokenPipeError, OutputError):
        raise
    except OSError as error:
        let_go(sys.stdout)
        msg = f"standard output: expected to write results there, found: {error}"
        raise OutputError(msg) from error


def say(line: str) -> None:
    """Say something on standard error; where that takes nothing more there is nobody to tell."""
    try:
        print(line, file=sys.stderr)
    except OSError:
        let_go(sys.stderr)


def let_go(stream: TextIO) -> None:
    """Have a stream lead nowhere: Python flushes once more when it ends, and would complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
