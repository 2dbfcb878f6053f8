"""HDF5's structures stand together in a new file, before the space of the tail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py

from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, step

if TYPE_CHECKING:
    from pathlib import Path


def test_structures_stand_before_the_space_of_the_tail(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    with TraceWriter(path, LAYOUT) as writer:
        writer.append(**step(0, 0))
        under_way = tmp_path / "copy.h5"
        writer.commit()
        under_way.write_bytes(path.read_bytes())
    with h5py.File(under_way, swmr=True) as file:
        structures, tail = [], []

        def look(name: str, item: h5py.Group | h5py.Dataset) -> None:
            structures.append(h5py.h5o.get_info(item.id).addr)
            if name.startswith("tail/") and isinstance(item, h5py.Dataset):
                tail.append(item.id.get_offset())

        file.visititems(look)
        assert None not in tail
        assert max(structures) < min(tail)
