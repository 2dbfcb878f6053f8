"""Where the command begins and ends: so that Ctrl-C is quiet from the first moment to the last."""

from __future__ import annotations

import signal
import sys

from . import ctrl_c
from .output.exits import INTERRUPTED
from .output.streams import open_closed


def run() -> None:
    """Do what the command line says, and exit."""
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
