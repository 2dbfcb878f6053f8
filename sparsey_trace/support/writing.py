"""Files that are there whole or not at all, and errors that name the file that can't be written."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from typing import TYPE_CHECKING

from sparsey_trace.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PARTIAL = ".partial"
"""How the name of a file that isn't whole yet ends."""


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
        msg = f"{path}: expected to write results there, found: {error}"
        raise OutputError(msg) from error


class PartialFile:
    """A file or folder that is made beside its path, under a hidden name, and takes its path when it is whole.

    The hidden name has a random part: of two programs that make the same file neither can publish, or remove, what
    the other has half written.

    Args:
        path: where the file is in the end.

    Attributes:
        path: the same.
        partial: where to make it; nothing is there yet.
    """

    def __init__(self, path: Path) -> None:
        """See the class."""
        self.path = path
        self.partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}{_PARTIAL}")

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


def remove_partials(folder: Path, ending: str = "") -> None:
    """Remove what a program that died has left half made in a folder.

    Args:
        folder: that no other program writes to now.
        ending: of the paths that the files would have had, such as `.parquet`.

    Raises:
        OSError: a file can't be removed.
    """
    for path in folder.glob(f".*{ending}.*{_PARTIAL}"):
        path.unlink(missing_ok=True)
