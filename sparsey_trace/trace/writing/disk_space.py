"""Space on the disk, asked for before HDF5 needs it."""

from __future__ import annotations

import contextlib
import errno
import os

_RESERVE = 1 << 20
"""For HDF5's own structures: a flush of six layers' was seen to write some 100 KB."""

_MOST = 32 << 20
"""More than HDF5 keeps back: a MiB a dataset."""

_CANNOT_ASK = frozenset({errno.EINVAL, errno.ENODEV, errno.ENOSYS, errno.EOPNOTSUPP})


class DiskSpace:
    """Finds out whether a file can grow.

    HDF5 can't go on after a flush that failed, nor close the file: it crashes at the process's end. So
    what would make it fail has to be found before: a full disk, a quota, a limit, a disk that is
    read-only now.

    Args:
        descriptor: of the file, open for writing.
    """

    def __init__(self, descriptor: int) -> None:
        """Ask about this file."""
        self._descriptor = descriptor

    def require(self, size: int) -> None:
        """See that the file could grow by so many bytes, and by HDF5's own structures.

        Raises:
            OSError: it couldn't.
        """
        if not hasattr(os, "posix_fallocate"):
            return
        end = os.fstat(self._descriptor).st_size
        try:
            os.posix_fallocate(self._descriptor, end, min(size, _MOST) + _RESERVE)
        except OSError as error:
            if error.errno not in _CANNOT_ASK:
                raise
        finally:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, end)
