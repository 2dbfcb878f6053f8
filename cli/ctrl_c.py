"""Ctrl-C: known to have come, whatever a library makes of it."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

from .error_chain import chain_of

if TYPE_CHECKING:
    from sys import UnraisableHookArgs
    from types import FrameType

_SOON = 0.01
"""Seconds: by then the callback that was interrupted has returned."""

_came: list[int] = []


def listen() -> None:
    """Take note of it from now on; where the process is deaf to it, it stays so."""
    sys.unraisablehook = _once_more
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def is_behind(error: BaseException | None) -> bool:
    """Whether an error is what a library made of it: some say so in the error's chain, some don't."""
    return any(isinstance(one, KeyboardInterrupt) for one in chain_of(error)) or bool(_came)


def _interrupt(number: int, frame: FrameType | None) -> None:
    _came.append(number)
    signal.default_int_handler(number, frame)


def _once_more(caught: UnraisableHookArgs) -> None:
    """Python drops what a finaliser raises, and so a Ctrl-C that comes while one runs: have it come again."""
    if caught.exc_type is KeyboardInterrupt:
        import threading

        threading.Timer(_SOON, signal.raise_signal, [signal.SIGINT]).start()
    else:
        sys.__unraisablehook__(caught)
