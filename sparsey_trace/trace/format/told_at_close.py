"""What a writer tells as it closes a trace: in attributes with room from the beginning, as nothing grows later."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import h5py
import numpy as np

from sparsey_trace.trace.format.depth import read_json
from sparsey_trace.trace.hdf5 import attributes, guarded
from sparsey_trace.trace.hdf5.sound_headers import of_group

if TYPE_CHECKING:
    from collections.abc import Mapping

GROUP = "progress"


class ToldAtClose(NamedTuple):
    """An attribute that holds a JSON object, and is empty until something is written.

    Attributes:
        name: the attribute's.
        size: how many bytes it takes; little enough for HDF5 to keep it beside the group.
    """

    name: str
    size: int

    def make(self, file: h5py.File) -> None:
        """Set it aside in a new file."""
        kind = h5py.string_dtype("utf-8", self.size)
        file[GROUP].attrs.create(self.name, np.array(b"", kind), dtype=kind)

    def write(self, file: h5py.File, told: Mapping[str, Any]) -> None:
        """Write it in place, also while readers look on."""
        attribute = h5py.h5a.open(file[GROUP].id, self.name.encode())
        attribute.write(
            np.array(json.dumps(dict(told)).encode(), f"S{self.size}"), mtype=attribute.get_type()
        )

    def read(self, file: h5py.File) -> Any:
        """What was written; an empty object where nothing was.

        Raises:
            KeyError, ValueError: there is something else.
        """
        text = of_group(file, GROUP, self.name, self._read_text) if guarded.has_link(file, GROUP) else ""
        return read_json(text) if text else {}

    def _read_text(self, group: h5py.Group) -> str:
        return attributes.read_text(group, self.name) if attributes.has_attribute(group, self.name) else ""
