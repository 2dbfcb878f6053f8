"""Letting go of an HDF5 file that must not be written to any more."""

from __future__ import annotations

import contextlib
import os
import tempfile
import weakref
from typing import TYPE_CHECKING

try:
    import resource
except ImportError:  # pragma: no cover - not a POSIX system
    resource = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator

    import h5py


class FileHandle:
    """An HDF5 file that is open for writing, and the way to leave it as it is on the disk.

    HDF5 writes what it holds whenever a file is closed, also at the end of a process: it crashes where it
    can't, and in a forked child it would write into its parent's file.

    Args:
        file: the open file.
    """

    def __init__(self, file: h5py.File) -> None:
        """Look after the file, in forked children too."""
        self.file = file
        # Now, as a forked child can't ask HDF5: another thread may have been in it at the time.
        self.descriptor: int = file.id.get_vfd_handle()
        _open_handles.add(self)

    def close(self) -> None:
        """Close the file as HDF5 does."""
        _open_handles.discard(self)
        self.file.close()

    def abandon(self) -> None:
        """Close the file without writing anything more to it."""
        if self.file:
            sink_writes(self.descriptor)
            with _no_size_limit(), contextlib.suppress(OSError, RuntimeError):
                self.file.close()
        _open_handles.discard(self)

    def leave_to_parent(self) -> None:
        """What a forked child does with its copy."""
        sink_writes(self.descriptor)


def sink_writes(descriptor: int) -> None:
    """Put a file of memory behind a descriptor: whatever is still written to it goes nowhere."""
    if hasattr(os, "memfd_create"):
        nowhere = os.memfd_create("sparsey-trace")
    else:
        nowhere, name = tempfile.mkstemp(prefix="sparsey-trace-")
        os.unlink(name)  # noqa: PTH108 - a name and a descriptor, no path
    os.dup2(nowhere, descriptor, inheritable=False)
    os.close(nowhere)


@contextlib.contextmanager
def _no_size_limit() -> Iterator[None]:
    """The limit on the size of files (`ulimit -f`) may be what failed, and holds for files of memory too."""
    if resource is None:
        yield
        return
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        for lifted in ((resource.RLIM_INFINITY, limits[1]), (resource.RLIM_INFINITY,) * 2):
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_FSIZE, lifted)
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


_open_handles: weakref.WeakSet[FileHandle] = weakref.WeakSet()


def _leave_all() -> None:
    for handle in list(_open_handles):
        handle.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all)
