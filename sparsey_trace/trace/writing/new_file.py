"""Making the file behind a trace: in memory, then under another name, and under its own once it can be opened."""

from __future__ import annotations

import dataclasses
import io
import os
from typing import TYPE_CHECKING, Any

import h5py

from sparsey_trace.errors import TraceError
from sparsey_trace.support.writing import PartialFile, remove_partials
from sparsey_trace.trace.hdf5.superblock import SIGNATURE, SUPERBLOCK_BYTES, Superblock
from sparsey_trace.trace.writing.disk_space import DiskSpace

if TYPE_CHECKING:
    from pathlib import Path

_ALIGNED = {"alignment_threshold": 64, "alignment_interval": 512}
"""Keeps HDF5's own structures, which are mostly smaller, inside single pages: one that is on the disk only in part
after a loss of power would take what it leads to with it."""

TOGETHER = 1 << 14
"""Bytes of a block that HDF5 takes for its structures: lists of chunks that lay all over the file would be fetched one
by one from a store. A file loses as much at most, where it ends before such a block is full."""


class NewFile:
    """An HDF5 file that is made in memory, where no write can fail, and then put onto the disk as a whole.

    HDF5 crashes where a write fails while it makes a dataset, then or as it closes the file.

    Args:
        path: the name that it will have, where no other writer is.
        overwrite: whether there may be a file of that name.
        durable: whether it is to survive a loss of power.

    Attributes:
        in_memory: the file, to be filled with all that it will ever have.

    Raises:
        TraceError: there is something of that name.
    """

    def __init__(self, path: Path, *, overwrite: bool, durable: bool) -> None:
        """Nothing is on the disk yet; see the class for the arguments."""
        if path.is_dir() or (path.exists() and not overwrite):
            found = "a folder" if path.is_dir() else "one"
            msg = f"{path}: expected no file there, found {found}; choose another name or pass overwrite=True"
            raise TraceError(msg)
        self._file, self._durable = PartialFile(path), durable
        self._memory = io.BytesIO()
        self.in_memory = h5py.File(self._memory, "w", **self._options)

    def so_far(self) -> bytes:
        """What is in memory now, as a file that nobody has open."""
        self.in_memory.flush()
        return self._content()

    def write(self) -> h5py.File:
        """Put it onto the disk under a partial name, and open it there; what writers that died left is removed.

        Raises:
            OSError: it can't be.
        """
        self.in_memory.close()
        remove_partials(self._file.path.parent, SIGNATURE, name=self._file.path.name)
        with self._file.create() as stream:
            stream.write(self._content())
            stream.flush()
            DiskSpace(stream.fileno()).require(0)
            if self._durable:
                os.fsync(stream.fileno())
        return h5py.File(self._file.partial, "r+", **self._options)

    def offset_of(self, text: bytes) -> int:
        """Where some text stands in what was written, until that is published."""
        return self._memory.getvalue().index(text)

    def publish(self) -> None:
        """Give it its name, now that it can be opened.

        Raises:
            OSError: it can't be.
        """
        self._file.publish()
        self._memory = io.BytesIO()
        if self._durable:
            folder = os.open(self._file.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def discard(self) -> None:
        """Leave nothing of it, in memory or on the disk, where it wasn't published."""
        self.in_memory.close()
        self._file.discard()

    def _content(self) -> bytes:
        content = self._memory.getvalue()
        found = Superblock.parse(content[:SUPERBLOCK_BYTES])
        assert found is not None
        start = bytes(dataclasses.replace(found, flags=0))
        # What HDF5 has set aside at the end, and not written, isn't there once it has flushed.
        return (start + content[SUPERBLOCK_BYTES:]).ljust(found.end_of_file, b"\0")

    @property
    def _options(self) -> dict[str, Any]:
        # The 1.10 formats are the oldest that have SWMR: anything newer would shut readers out. Without
        # HDF5's own lock: it keeps readers out at times, and file systems without locks for good.
        options = {"libver": ("v110", "v110"), "locking": False, "meta_block_size": TOGETHER}
        return options | (_ALIGNED if self._durable else {})
