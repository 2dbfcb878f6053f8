"""A file that HDF5 has open to be read, with what was found of it without HDF5."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import h5py

from sparsey_trace.trace.hdf5.attribute_messages import by_name
from sparsey_trace.trace.hdf5.ranged_file import AsStream

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.trace.hdf5.object_headers import Header
    from sparsey_trace.trace.hdf5.ranged_file import RangedFile


_PIECE = 1 << 13


class ReadFile(h5py.File):  # type: ignore[misc] # h5py has no types
    """An open file.

    Attributes:
        groups: the headers of its groups by their paths, such as `layers/0`, as far as they were found sound.
        path: where it is, or what stands for that.
        source: its bytes, where it lies elsewhere; else None.
        handle: its descriptor; -1 where it lies elsewhere.
        is_growing: whether a writer may be at it.
        attributes: the messages of the root's attributes, by name, where these are clear.
        places: the addresses of the headers of what stands in these groups, by path; None where a link leads elsewhere.
    """

    def __init__(
        self, path: Path, opened: Any = None, *, source: RangedFile | None = None, **options: Any
    ) -> None:
        """Open it.

        Args:
            path: where it is.
            opened: the open file, where HDF5 has to be told more than h5py can.
            source: its bytes, where it lies elsewhere.
            options: h5py's.
        """
        super().__init__(opened or (path if source is None else AsStream(source)), "r", **options)
        self.path, self.source = path, source
        self.handle = self.id.get_vfd_handle() if source is None else -1
        self.is_growing = bool(self.swmr_mode)
        self.groups: dict[str, Header] = {}
        self.attributes: dict[str, bytes] = {}
        self.places: dict[str, int | None] = {}
        self._pieces: dict[int, bytes] = {}

    def read(self, address: int, count: int) -> bytes:
        """So many bytes, or fewer at its end.

        Structures stand near each other: what is beside them is kept, unless a writer may change it.
        """
        if self.source is not None:
            return self.source.read(address, count)
        number, offset = divmod(address, _PIECE)
        if self.is_growing or offset + count > _PIECE:
            return os.pread(self.handle, count, address)
        piece = self._pieces.get(number)
        if piece is None:
            piece = self._pieces[number] = os.pread(self.handle, _PIECE, number * _PIECE)
        return piece[offset : offset + count]

    def know(self, path: str, header: Header) -> None:
        """Take note of a group that was found sound, with its links, where its header has them."""
        self.groups[path] = header
        if not path:
            self.attributes = by_name(header.attributes)
        for name, address in (header.links or {}).items():
            self.places[f"{path}/{name.decode(errors='backslashreplace')}".lstrip("/")] = address
