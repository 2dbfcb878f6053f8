"""Guarded access: what a file from a stranger holds is checked before HDF5 follows or decodes any of it.

HDF5 goes where a file sends it: into other files, round in circles, into filters that it loads, into memory
that the file only claims to fill. All of that is refused; what the caller doesn't name is never read.
"""

from __future__ import annotations

import math
import os
from functools import partial
from typing import TYPE_CHECKING, Any

import h5py

from sparsey_trace.trace.hdf5.object_headers import read_header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np

STORED_BY_OTHERS = ", as other HDF5 tools store it"
"""Ends what is said of a dataset that HDF5 could read, but not as it is read here."""

_SHOWN_CLASSES = {h5py.h5t.INTEGER, h5py.h5t.FLOAT}


def file_size(file: h5py.File) -> int:
    """The bytes there are, whatever the file says of its size."""
    return os.fstat(file.id.get_vfd_handle()).st_size


def read_bytes(file: h5py.File, address: int, count: int) -> bytes:
    """So many bytes of the file, or fewer at its end, past HDF5."""
    return os.pread(file.id.get_vfd_handle(), count, address)


def check_links(file: h5py.File, is_group: Callable[[str], bool]) -> None:
    """See that no name of a group that is read leads elsewhere, and that HDF5 can open these groups.

    Args:
        file: the open file.
        is_group: whether a path, such as `/samples`, has to be a group that will be read; others are not followed.

    Raises:
        ValueError: one does; the message names it.
    """
    seen: set[int] = set()
    waiting = [("", file.id)]
    while waiting:
        parent, group = waiting.pop()
        for name, address in _groups(parent, group, is_group):
            if address in seen or not read_header(partial(read_bytes, file), address, name).is_group:
                msg = f"{name}: expected a group of its own, found something else"
                raise ValueError(msg)
            seen.add(address)
            waiting.append((name, h5py.h5g.open(file.id, name.encode())))


def _groups(
    parent: str, group: h5py.h5g.GroupID, is_group: Callable[[str], bool]
) -> Iterator[tuple[str, int]]:
    """The path of each group in a group, and the address of its header; what isn't read isn't followed."""
    for encoded in group:
        name = f"{parent}/{encoded.decode(errors='backslashreplace')}"
        if is_group(name):
            yield name, _address(group, encoded, repr(name))


def _address(group: h5py.h5g.GroupID, name: bytes, shown: str) -> int:
    """Of the header of what stands in a group, or below, under a name."""
    link = group.links.get_info(name)
    if link.type != h5py.h5l.TYPE_HARD:
        msg = f"{shown}: expected something of this file, found a link to elsewhere"
        raise ValueError(msg)
    return int(link.u)


def has_link(group: h5py.Group, name: str) -> bool:
    """Whether there is something of that name in a group, which may be a link; it isn't followed."""
    return bool(group.id.links.exists(name.encode()))


def open_dataset(file: h5py.File, path: str) -> h5py.Dataset:
    """A dataset that HDF5 can open without harm.

    Args:
        file: the open file, whose links were checked.
        path: its path in the file.

    Raises:
        ValueError: there is none under that name, or one of another layout than those that are read.
    """
    try:
        address = _address(file.id, path.encode(), path)
    except (KeyError, RuntimeError):
        msg = f"{path}: expected a dataset, found none"
        raise ValueError(msg) from None
    header = read_header(partial(read_bytes, file), address, path)
    if header.layout not in ("contiguous", "single", "growing"):
        other = "a group" if header.is_group else "something else"
        found = f"{header.layout} data{STORED_BY_OTHERS}" if header.layout else other
        msg = f"{path}: expected a dataset as a trace has, found {found}"
        raise ValueError(msg)
    return h5py.Dataset(h5py.h5d.open(file.id, path.encode()))


def check_dtype(dataset: h5py.Dataset, dtype: np.dtype[Any], width: tuple[int, ...]) -> None:
    """See that a dataset stores values of this dtype, [N, *width].

    Raises:
        ValueError: it stores others.
    """
    shape = dataset.shape
    if not is_stored_as(dataset, dtype) or not shape or shape[1:] != width:
        found = dataset.dtype if dataset.id.get_type().get_class() in _SHOWN_CLASSES else "another kind"
        msg = f"dataset {dataset.name}: expected {dtype} of shape {('N', *width)}, found {found} of shape {shape}"
        raise ValueError(msg)


def is_stored_as(dataset: h5py.Dataset, dtype: np.dtype[Any]) -> bool:
    """Whether its values stand in the file as this dtype, little-endian, with nothing that HDF5 would convert.

    Names for numbers, where the dtype has some, have to be the same.
    """
    expected = dtype if h5py.check_enum_dtype(dtype) else dtype.newbyteorder("<")
    return bool(dataset.id.get_type().equal(h5py.h5t.py_create(expected, logical=True)))


def check_filters(dataset: h5py.Dataset, *filters: int) -> None:
    """See that a dataset is stored in chunks that go through these filters and no others.

    Raises:
        ValueError: it doesn't.
    """
    plist = dataset.id.get_create_plist()
    found = [plist.get_filter(number)[0] for number in range(plist.get_nfilters())]
    if plist.get_layout() != h5py.h5d.CHUNKED or found != list(filters):
        kind = "chunks" if plist.get_layout() == h5py.h5d.CHUNKED else "one piece"
        msg = f"dataset {dataset.name}: expected chunks with the filters {list(filters)}, found {kind} with {found}"
        raise ValueError(msg + STORED_BY_OTHERS)


def check_contiguous(dataset: h5py.Dataset, size: int) -> int:
    """See that a dataset is stored in one piece, in a file of so many bytes; return how many bytes it takes.

    Raises:
        ValueError: it isn't, or reaches beyond the file's end.
    """
    count = math.prod(dataset.shape) * dataset.id.get_type().get_size()
    if dataset.id.get_create_plist().get_layout() != h5py.h5d.CONTIGUOUS:
        msg = f"dataset {dataset.name}: expected one piece, found chunks{STORED_BY_OTHERS}"
        raise ValueError(msg)
    address = dataset.id.get_offset()
    if address is None or address + count > size:
        msg = f"dataset {dataset.name}: expected {count:,} bytes in the file, found that they aren't there"
        raise ValueError(msg)
    return int(count)
