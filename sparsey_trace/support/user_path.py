"""Paths as users write them."""

from __future__ import annotations

import os
from pathlib import Path

from sparsey_trace.errors import UsageError


def user_path(named: str | os.PathLike[str]) -> Path:
    """A path as a user wrote it, `~` read as a shell reads it.

    Raises:
        UsageError: it is empty, and would stand for the current folder.

    >>> user_path("runs/run.h5").as_posix()
    'runs/run.h5'
    """
    text = os.fspath(named)
    if not text:
        msg = "path: expected the name of a file or folder, found an empty one"
        raise UsageError(msg)
    return Path(os.path.expanduser(text))  # noqa: PTH111 - Path's own raises where there is no such user
