"""The folder `.sparsey-trace` beside a trace's tables, and how it is told from what others put in its place."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sparsey_trace.support.own_files import beginning, is_folder_itself, is_unfinished, open_itself

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ".sparsey-trace"

MARKER = "CACHEDIR.TAG"
"""By this name programs that make backups know folders that they can leave out; see bford.info/cachedir."""

_SAYS = b"""Signature: 8a477f597d28d172789f06886806bc55
# This folder was made by sparsey-trace, for what later analyses can use. It can be removed at any time.
"""


def whose(folder: Path) -> str:
    """Who made a private folder: empty where we did, or there is none; else what was found, in words.

    One is ours that is no link and has our marker in it, or nothing at all: whoever is killed while he makes it leaves
    no more than the beginning of the marker.
    """
    if folder.is_symlink():
        return "a link"
    if not folder.exists():
        return ""
    if not is_folder_itself(folder):
        return "a file"
    if beginning(folder / MARKER, len(_SAYS) + 1) == _SAYS:
        return ""
    is_begun = all(path.name == MARKER and is_unfinished(path, _SAYS) for path in folder.iterdir())
    return "" if is_begun else "a folder of something else"


def make_private(folder: Path) -> None:
    """Make a private folder, with its marker, where it isn't there.

    Raises:
        OSError: it can't be made, or something else is in its place.
    """
    folder.mkdir(exist_ok=True)
    if found := whose(folder):
        msg = f"expected a folder that sparsey-trace made, found {found}"
        raise OSError(msg)
    if beginning(folder / MARKER, len(_SAYS)) != _SAYS:
        handle = open_itself(folder / MARKER, os.O_WRONLY | os.O_CREAT)
        with os.fdopen(handle, "wb") as stream:
            stream.write(_SAYS)
