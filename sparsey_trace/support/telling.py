"""How people hear of what isn't recorded: each time, at a line of their own, and in their log."""

from __future__ import annotations

import logging
import sys
import warnings
from typing import TYPE_CHECKING

from sparsey_trace.errors import RecordWarning

if TYPE_CHECKING:
    from types import FrameType

LOG = logging.getLogger("sparsey_trace")
"""Hears of every loss, whatever is done with warnings."""
LOG.addHandler(logging.NullHandler())  # who keeps no log has the warning, and needs no second line

_NOT_THE_USERS = ("sparsey_trace", "torch", "lightning", "pytorch_lightning", "threading", "contextlib")
"""Packages that stand between a user's line and what goes wrong in it."""


def tell(message: str) -> None:
    """Say that something isn't recorded: as a RecordWarning, and through the log.

    Python shows a warning once for each line and text; a second run that is lost would be lost in silence. So this
    one comes without a memory of earlier ones. A filter that turns warnings into errors makes it one.

    Args:
        message: what is lost, where, and what to do.
    """
    LOG.warning(message)
    frame = _users_frame()
    warnings.warn_explicit(
        message,
        RecordWarning,
        filename=frame.f_code.co_filename,
        lineno=frame.f_lineno,
        module=frame.f_globals.get("__name__"),
        registry={},
    )


def _users_frame() -> FrameType:
    """The innermost frame that is neither ours nor torch's; the outermost where there is none."""
    frame = sys._getframe(1)
    while frame.f_back is not None and _package_of(frame) in _NOT_THE_USERS:
        frame = frame.f_back
    return frame


def _package_of(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]
