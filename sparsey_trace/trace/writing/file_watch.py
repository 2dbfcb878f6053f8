"""What other programs do to a file while it is written: they shorten it, write over it, move or remove it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sparsey_trace.errors import TraceError

try:
    import fcntl
except ImportError:  # pragma: no cover - not a POSIX system
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    import h5py

_REMOVED = (".nfs", ".fuse_hidden")
"""How the names begin that file systems on a network give to a removed file, until it is closed."""

_LONGEST_PATH = 1024


class FileWatch:
    """Looks whether a file that HDF5 writes is as it was left, and where it should be.

    HDF5 doesn't look: what it adds to a file that was shortened makes it as long as before, with a hole where chunks
    and their index were, and what it adds to a file that was removed is for nobody.

    Args:
        path: where the file should be.
        file: the open file, whose head is on the disk.
        mark: a text in its head that no other file has.
        mark_offset: where that stands.

    Attributes:
        path: the same.
        is_lost: whether what was committed can't be relied on any more.
    """

    def __init__(self, path: Path, file: h5py.File, *, mark: bytes, mark_offset: int) -> None:
        """Watch it from now on; see the class for the arguments."""
        self.path, self._file, self._mark, self._mark_offset = path, file, mark, mark_offset
        self._descriptor: int = file.id.get_vfd_handle()
        self._size = 0
        self.is_lost = False

    def check_content(self) -> None:
        """See that nobody has shortened the file or written over its head; before something is written.

        Raises:
            TraceError: somebody has.
        """
        size = os.fstat(self._descriptor).st_size
        self._check_size(size, self._size)
        self._size = size
        if os.pread(self._descriptor, len(self._mark), self._mark_offset) != self._mark:
            self._lose("written over by another program; what it held is gone")

    def check_flushed(self) -> None:
        """See that the file has all that HDF5 has given to it, after a flush.

        Raises:
            TraceError: it hasn't.
        """
        size = os.fstat(self._descriptor).st_size
        self._check_size(size, self._file.id.get_filesize())
        self._size = size

    def check_place(self) -> None:
        """See that the file can be found where it should be, by a link or by its name.

        Raises:
            TraceError: it is elsewhere now, or nowhere.
        """
        ours = os.fstat(self._descriptor)
        if _is_file(self.path, ours):
            return
        place = _name_of(self._descriptor)
        if ours.st_nlink == 0 or (place is not None and place.name.startswith(_REMOVED)):
            self._lose("removed or replaced; what is in no copy of it is gone")
        where = "a name that this system doesn't tell"
        if place is not None and _is_file(place, ours):
            where = str(place)
        msg = f"{self.path}: expected the file that is written to be there, found it moved to {where}"
        raise TraceError(msg)

    def _check_size(self, size: int, expected: int) -> None:
        if size < expected:
            self._lose(
                f"shortened by another program from {expected:,} to {size:,} bytes; `sparsey-trace repair` gets what "
                "can be had of it"
            )

    def _lose(self, found: str) -> None:
        self.is_lost = True
        msg = f"{self.path}: expected the file that is written to be there as it was left, found it {found}"
        raise TraceError(msg)


def _is_file(path: Path, file: os.stat_result) -> bool:
    try:
        return os.path.samestat(path.stat(), file)
    except OSError:
        return False


def _name_of(descriptor: int) -> Path | None:
    """What an open file is called now, as far as the system says so."""
    try:
        if fcntl is not None and hasattr(fcntl, "F_GETPATH"):  # pragma: no cover - macOS
            return Path(
                os.fsdecode(fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(_LONGEST_PATH)).rstrip(b"\0"))
            )
        return Path(os.readlink(f"/proc/self/fd/{descriptor}"))  # noqa: PTH115 - a name, not what is there
    except OSError:
        return None
