"""Files that are there whole or not at all, and errors that name the file that can't be written."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from typing import TYPE_CHECKING

from sparsey_trace.errors import OutputError
from sparsey_trace.support.own_files import is_unfinished

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

_PARTIAL = re.compile(r"\.(.+)\.[0-9a-f]{16}\.partial", re.DOTALL)
"""The name of a file that isn't whole yet; in it that of the file, or the beginning of a long one."""

_LONGEST_NAME = 255
"""In bytes, on all usual file systems."""


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what goes wrong in writing results into an error that names the file.

    Raises:
        OutputError: the file can't be written.
    """
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        msg = f"{path}: expected to write results there, found: {_why(error)}"
        raise OutputError(msg) from error


def _why(error: OSError) -> str:
    """What the system said; HDF5 and Arrow say that, too, in a paragraph or in words of their own."""
    if error.errno is None or error.strerror == os.strerror(error.errno):
        return str(error)
    return f"[Errno {error.errno}] {os.strerror(error.errno)}"


def check_no_file(path: Path, *, overwrite: bool) -> None:
    """See, before anything is computed, that nothing would be replaced that isn't to be.

    Args:
        path: of the file that is to be made.
        overwrite: whether a file that is there may be replaced; a folder never is.

    Raises:
        OutputError: something would.
    """
    if path.is_dir():
        msg = f"{path}: expected a file's name, found a folder"
        raise OutputError(msg)
    if os.path.lexists(path) and not overwrite:
        msg = f"{path}: expected no file there, found one; choose another name with -o, or replace it with --overwrite"
        raise OutputError(msg)


class PartialFile:
    """A file or folder that is made beside its path, under a hidden name, and takes its path when it is whole.

    The hidden name has a random part: nobody can put a link there beforehand, and of two programs that make the same
    file neither can publish, or remove, what the other has half written.

    Args:
        path: where the file is in the end.

    Attributes:
        path: the same.
        partial: where to make it; nothing is there yet.
    """

    def __init__(self, path: Path) -> None:
        """See the class."""
        self.path = path
        self.partial = path.with_name(f".{_shown(path.name)}.{secrets.token_hex(8)}.partial")

    def create(self) -> BinaryIO:
        """Make it as a file, and nothing that is there already.

        Raises:
            OSError: it can't be made.
        """
        return self.partial.open("xb")

    def publish(self) -> None:
        """Give it its path, in place of a file that is there.

        Raises:
            OSError: it can't be.
        """
        self.partial.replace(self.path)

    def discard(self) -> None:
        """Remove what was made and not published, as far as that can be done."""
        if self.partial.is_dir():
            shutil.rmtree(self.partial, ignore_errors=True)
        with contextlib.suppress(OSError):
            self.partial.unlink()


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Make a file or folder whole or not at all.

    Yields:
        Where to make it. It takes its path at the end of the block, in place of a file that is there; after an error
        nothing is left of it.

    Raises:
        OSError: it can't take its path.
    """
    file = PartialFile(path)
    try:
        yield file.partial
        file.publish()
    finally:
        file.discard()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all, in place of one that is there.

    Raises:
        OutputError: it can't be written.
    """
    with writing(path), whole(path) as partial, partial.open("xb") as stream:
        stream.write(content)


def remove_partials(folder: Path, signature: bytes, *, name: str = "", ending: str = "") -> None:
    """Remove what a program that died has left half made in a folder.

    Only files that have the name of a `PartialFile` and begin as what it makes does.

    Args:
        folder: in which no other program makes such files now.
        signature: how the files begin.
        name: that the files would have had, all of it: a long one isn't known again; empty for any.
        ending: of that name, such as `.parquet`.

    Raises:
        OSError: a file can't be removed.
    """
    for path in list(folder.iterdir()):
        if is_partial(path, signature, name=name, ending=ending):
            path.unlink(missing_ok=True)


def is_partial(path: Path, signature: bytes, *, name: str = "", ending: str = "") -> bool:
    """Whether a file is what `remove_partials` removes."""
    found = _PARTIAL.fullmatch(path.name)
    if found is None or (name and found[1] != name) or not found[1].endswith(ending):
        return False
    return is_unfinished(path, signature)


def _shown(name: str) -> str:
    """As much of a name as there is room for in that of a partial file."""
    return os.fsdecode(os.fsencode(name)[: _LONGEST_NAME - len("..0123456789abcdef.partial")])
