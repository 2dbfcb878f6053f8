"""A file that HDF5 has open to be read, with what was found of it without HDF5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py

if TYPE_CHECKING:
    from sparsey_trace.trace.hdf5.object_headers import Header


class ReadFile(h5py.File):  # type: ignore[misc] # h5py has no types
    """An open file.

    Attributes:
        groups: the headers of its groups by their paths, such as `layers/0`, as far as they were found sound.
        handle: its descriptor.
        is_growing: whether a writer may be at it.
        places: the addresses of the headers of what stands in these groups, by path; None where a link leads elsewhere.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As h5py's."""
        super().__init__(*args, **kwargs)
        self.handle, self.is_growing = self.id.get_vfd_handle(), bool(self.swmr_mode)
        self.groups: dict[str, Header] = {}
        self.places: dict[str, int | None] = {}

    def know(self, path: str, header: Header) -> None:
        """Take note of a group that was found sound, with its links, where its header has them."""
        self.groups[path] = header
        for name, address in (header.links or {}).items():
            self.places[f"{path}/{name.decode(errors='backslashreplace')}".lstrip("/")] = address
