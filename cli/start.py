"""Where the command begins and ends: so that Ctrl-C is quiet from the first moment to the last."""

from __future__ import annotations

import gc
import signal
import sys

from . import ctrl_c
from .output.exits import INTERRUPTED
from .output.streams import open_closed

_LOADED = 80_000
"""Objects that may hold others: `info` makes fewer in all, an analysis as many before it replays."""


def spare_collecting() -> None:
    """Look for nothing that could be freed while modules are loaded, whose objects all stay; then as usual."""
    usual = gc.get_threshold()

    def loaded(phase: str, info: object) -> None:
        gc.callbacks.remove(loaded)
        gc.freeze()
        gc.set_threshold(*usual)

    gc.callbacks.append(loaded)
    gc.set_threshold(_LOADED)


def run() -> None:
    """Do what the command line says, and exit."""
    spare_collecting()
    ctrl_c.listen()
    open_closed()
    try:
        from .main import run as go

        go()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        # All is done; one that comes while the interpreter ends would change the exit code.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        gc.freeze()  # or the interpreter would look through all objects once more before it frees them
