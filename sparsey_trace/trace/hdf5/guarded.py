"""Guarded access: what a file from a stranger holds is checked before HDF5 follows or decodes any of it.

HDF5 goes where a file sends it: into other files, round in circles, into filters that it loads, into memory
that the file only claims to fill. All of that is refused; what the caller doesn't name is never read.
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import h5py

from sparsey_trace.trace.hdf5.local_file import LocalFile
from sparsey_trace.trace.hdf5.object_headers import Header, read_header
from sparsey_trace.trace.hdf5.read_file import ReadFile
from sparsey_trace.trace.hdf5.superblock import STORED_BY_OTHERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np

    from sparsey_trace.trace.hdf5.byte_source import ByteSource

"""Ends what is said of a dataset that HDF5 could read, but not as it is read here."""

_SHOWN_CLASSES = {h5py.h5t.INTEGER, h5py.h5t.FLOAT}


def file_size(file: h5py.File) -> int:
    """The bytes there are, whatever the file says of its size."""
    elsewhere = _elsewhere(file)
    return os.fstat(_handle(file)).st_size if elsewhere is None else elsewhere.status().st_size


def read_bytes(file: h5py.File, address: int, count: int) -> bytes:
    """So many bytes of the file, or fewer at its end, past HDF5."""
    return _reader(file)(address, count)


def source_of(file: h5py.File) -> ByteSource:
    """The bytes of the file, to be read also when HDF5 has closed it."""
    return _elsewhere(file) or LocalFile(file.filename, os.dup(_handle(file)))


def _reader(file: h5py.File) -> Callable[[int, int], bytes]:
    return (
        file.read
        if isinstance(file, ReadFile)
        else lambda address, count: os.pread(_handle(file), count, address)
    )


def _elsewhere(file: h5py.File) -> ByteSource | None:
    return file.source if isinstance(file, ReadFile) else None


def _handle(file: h5py.File) -> int:
    return int(file.handle if isinstance(file, ReadFile) else file.id.get_vfd_handle())


def check_links(file: h5py.File, is_group: Callable[[str], bool]) -> dict[str, Header]:
    """See that no name of a group that is read leads elsewhere, and that HDF5 can open these groups.

    Args:
        file: the open file.
        is_group: whether a path, such as `/samples`, has to be a group that will be read; others are not followed.

    Returns:
        The headers of these groups by their paths, such as `layers/0`; the root's is empty.

    Raises:
        ValueError: one does; the message names it.
    """
    read = _reader(file)
    seen: set[int] = set()
    sound: dict[str, Header] = {}
    waiting = [("", read_header(read, h5py.h5o.get_info(file.id).addr, "/"))]
    while waiting:
        parent, header = waiting.pop()
        sound[parent.lstrip("/")] = header
        for name, address in _groups(file, parent, header, is_group):
            if address in seen or not (found := read_header(read, address, name)).is_group:
                msg = f"{name}: expected a group of its own, found something else"
                raise ValueError(msg)
            seen.add(address)
            waiting.append((name, found))
    return sound


def _groups(
    file: h5py.File, parent: str, header: Header, is_group: Callable[[str], bool]
) -> Iterator[tuple[str, int]]:
    """The path of each group in a group, and the address of its header; what isn't read isn't followed."""
    links = header.links
    group = None if links is not None else h5py.h5g.open(file.id, parent.encode() or b"/")
    for encoded in group or links or ():
        name = f"{parent}/{encoded.decode(errors='backslashreplace')}"
        if is_group(name):
            if links is None:
                yield name, _address(group, encoded, repr(name))
            else:
                yield name, _inside(links[encoded], repr(name))


def _address(group: h5py.h5g.GroupID, name: bytes, shown: str) -> int:
    """Of the header of what stands in a group, or below, under a name."""
    link = group.links.get_info(name)
    return _inside(int(link.u) if link.type == h5py.h5l.TYPE_HARD else None, shown)


def _inside(address: int | None, shown: str) -> int:
    """The address, if there is one, that a link leads to."""
    if address is None:
        msg = f"{shown}: expected something of this file, found a link to elsewhere"
        raise ValueError(msg)
    return address


def has_link(group: h5py.Group, name: str) -> bool:
    """Whether there is something of that name in a group, which may be a link; it isn't followed."""
    if isinstance(group, ReadFile) and name.rpartition("/")[0] in group.groups:
        header = group.groups[name.rpartition("/")[0]]
        if header.links is not None:
            return name in group.places
    return bool(group.id.links.exists(name.encode()))


def count_links(file: h5py.File, path: str) -> int:
    """How many links a group has.

    Raises:
        KeyError: there is no such group.
    """
    header = file.groups.get(path) if isinstance(file, ReadFile) else None
    return len(file[path]) if header is None or header.links is None else len(header.links)


def open_dataset(file: h5py.File, path: str) -> h5py.Dataset:
    """A dataset that HDF5 can open without harm.

    Args:
        file: the open file, whose links were checked.
        path: its path in the file.

    Raises:
        ValueError: there is none under that name, or one of another layout than those that are read.
    """
    find_dataset(file, path)
    return h5py.Dataset(h5py.h5d.open(file.id, path.encode()))


def _looked_up(file: h5py.File, path: str) -> int:
    try:
        return _address(file.id, path.encode(), path)
    except (KeyError, RuntimeError):
        msg = f"{path}: expected a dataset, found none"
        raise ValueError(msg) from None


def find_dataset(file: h5py.File, path: str) -> tuple[int, Header]:
    """The address of a dataset's header, and what it says; see `open_dataset`."""
    if isinstance(file, ReadFile) and path in file.places:
        address = _inside(file.places[path], path)
    else:
        address = _looked_up(file, path)
    header = read_header(_reader(file), address, path)
    if header.layout not in ("contiguous", "single", "growing"):
        other = "a group" if header.is_group else "something else"
        found = f"{header.layout} data{STORED_BY_OTHERS}" if header.layout else other
        msg = f"{path}: expected a dataset as a trace has, found {found}"
        raise ValueError(msg)
    return address, header


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


def check_fill_value(dataset: h5py.Dataset, fill_value: int | None) -> None:
    """See that a dataset has this fill value, where it matters.

    Raises:
        ValueError: it has another one.
    """
    if fill_value is not None and dataset.fillvalue != fill_value:
        msg = f"dataset {dataset.name}: expected the fill value {fill_value}, found {dataset.fillvalue}"
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
        raise not_there(dataset.name, count)
    return int(count)


def not_there(name: str, count: int) -> ValueError:
    """What to raise for a dataset of so many bytes that reaches beyond the file's end, or stands nowhere."""
    msg = f"dataset /{name.lstrip('/')}: expected {count:,} bytes in the file, found that they aren't there"
    return ValueError(msg)
