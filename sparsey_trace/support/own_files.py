"""Files at names that anybody can guess: never what a link in their place leads to, and told from those of others."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def open_itself(path: Path, flags: int) -> int:
    """Open an ordinary file itself, never what a link in its place leads to, nor a pipe or a device.

    Args:
        path: the file.
        flags: as `os.open` takes them; a file that is made gets the usual rights.

    Returns:
        A descriptor that child processes don't inherit.

    Raises:
        OSError: it can't be opened, or there is something that is no ordinary file.
    """
    never = os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags | never, 0o666)
    except OSError as error:
        if path.is_symlink():
            raise _no_file(path, "a link") from error
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise _no_file(path, "something else")
    return handle


def beginning(path: Path, size: int) -> bytes | None:
    """The first bytes of an ordinary file; None where there is none that can be read."""
    try:
        handle = open_itself(path, os.O_RDONLY)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as stream:
        return stream.read(size)


def is_unfinished(path: Path, signature: bytes) -> bool:
    """Whether there is an ordinary file that begins with a signature, or with as much of it as was written."""
    found = beginning(path, len(signature))
    return found is not None and signature.startswith(found)


def is_folder_itself(path: Path) -> bool:
    """Whether there is a folder, and no link to one."""
    return path.is_dir() and not path.is_symlink()


def _no_file(path: Path, found: str) -> OSError:
    return OSError(errno.ELOOP, f"expected an ordinary file, found {found}", str(path))


def why_not_made(path: Path, error: OSError) -> str:
    """Why a file can't be made at a path, in words; a folder that isn't there is the most common reason."""
    is_lost = isinstance(error, FileNotFoundError) and not path.parent.exists()
    return f"no folder {path.parent}; make it first" if is_lost else str(error)
