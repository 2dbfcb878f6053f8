"""Where the command begins and ends: so that Ctrl-C is quiet from the first moment to the last."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

from .exits import INTERRUPTED

if TYPE_CHECKING:
    from sys import UnraisableHookArgs
    from types import FrameType

_SOON = 0.01
"""Seconds: by then the callback that was interrupted has returned."""


_interrupted: list[int] = []
"""A Ctrl-C that came."""


def run() -> None:
    """Do what the command line says, and exit."""
    sys.unraisablehook = _once_more
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    try:
        from .main import run as go

        go()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except SystemExit as leaving:
        # Libraries make errors of their own of a Ctrl-C, some without a trace of it.
        if _interrupted and leaving.code:
            sys.exit(INTERRUPTED)
        raise
    finally:
        # All is done; one that comes while the interpreter ends would change the exit code.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _interrupt(number: int, frame: FrameType | None) -> None:
    _interrupted.append(number)
    signal.default_int_handler(number, frame)


def _once_more(caught: UnraisableHookArgs) -> None:
    """Python drops what a finaliser raises, and so a Ctrl-C that comes while one runs: have it come again."""
    if caught.exc_type is KeyboardInterrupt:
        import threading

        threading.Timer(_SOON, signal.raise_signal, [signal.SIGINT]).start()
    else:
        sys.__unraisablehook__(caught)
