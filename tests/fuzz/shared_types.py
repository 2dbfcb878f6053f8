"""A committed type that attributes or datasets share, and that says of itself that it stands elsewhere."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import h5py
import numpy as np

from tests.fuzz.edits import through_hdf5
from tests.fuzz.structures import Structure

if TYPE_CHECKING:
    import random

_TYPE = b"committed"
_DATATYPE, _SHARED_CONSTANT = 3, 3
_HEADER_FLAGS, _TIMES, _PHASES, _ORDER = 5, 0x20, 0x10, 0x04


def share_type(content: bytearray, rng: random.Random, _: bytes) -> bytearray:
    """Attributes or a dataset of a committed type, in places where HDF5 stores them in one way or the other."""
    addresses = [0]
    with through_hdf5(content) as file:
        _commit(file, rng)
        names = [_TYPE, b"layers", b"layers/0", b"config", b"samples/step"]
        addresses = [file.id.links.get_info(name).u for name in names]
    if addresses[0] and rng.random() < 0.8:
        _lead_to(content, addresses[0], rng.choice([addresses[0]] * 8 + [*addresses, len(content)]))
    return content


def _commit(file: h5py.File, rng: random.Random) -> None:
    kind = h5py.h5t.py_create(np.dtype(rng.choice(["<i4", "<i8", "S1000"])))
    kind.commit(file.id, _TYPE)
    where = file[rng.choice(["/", "/", "layers/0", "config", "tail/samples"])]
    existing = list(where.attrs)
    for name in rng.sample(existing, min(len(existing), rng.choice([1, 2]))) or ["new"]:
        if name in existing:
            del where.attrs[name]
        made = h5py.h5a.create(where.id, name.encode(), kind, h5py.h5s.create(h5py.h5s.SCALAR))
        made.write(np.zeros((), kind.dtype))
    if rng.random() < 0.2:
        name = rng.choice(["progress/closed", "samples/label"])
        shape = file[name].shape
        del file[name]
        space = h5py.h5s.create_simple(shape) if shape else h5py.h5s.create(h5py.h5s.SCALAR)
        h5py.h5d.create(file.id, name.encode(), kind, space)


def _lead_to(content: bytearray, header: int, address: int) -> None:
    """Make the type of an object stand at another object, under a checksum that is right."""
    flags = content[header + _HEADER_FLAGS]
    start = header + 6 + 16 * bool(flags & _TIMES) + 4 * bool(flags & _PHASES)
    width, prefix = 1 << (flags & 3), 6 if flags & _ORDER else 4
    end = start + width + int.from_bytes(content[start : start + width], "little")
    offset = start + width
    while offset + prefix <= end:
        count = int.from_bytes(content[offset + 1 : offset + 3], "little")
        if content[offset] == _DATATYPE:
            content[offset + 3] = _SHARED_CONSTANT
            shared = bytes([3, 2]) + struct.pack("<Q", address)
            content[offset + prefix : offset + prefix + count] = shared.ljust(count, b"\0")[:count]
        offset += prefix + count
    Structure.before("OHDR", header, end - header).seal(content)
