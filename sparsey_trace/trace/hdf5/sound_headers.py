"""Datasets and groups whose headers were found sound before: the same bytes are not taken to HDF5 a second time.

The files of a run's ranks differ in little more than their samples. HDF5 compares checksums and decodes; where it has
done so with a header once, another of the same bytes, checksums included, says the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import h5py

from sparsey_trace.trace.hdf5 import guarded
from sparsey_trace.trace.hdf5.read_file import ReadFile

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from sparsey_trace.trace.hdf5.object_headers import Header

_T = TypeVar("_T")

_MOST_KNOWN, _USUAL_BYTES = 4096, 2048
_known: dict[Hashable, Any] = {}


def checked(
    file: h5py.File, path: str, asked: Hashable, check: Callable[[h5py.Dataset], _T]
) -> tuple[_T, int, Header]:
    """What a check finds of a dataset that HDF5 can open without harm.

    Args:
        file: the open file, whose links were checked.
        path: the dataset's.
        asked: stands for the check, and all that it depends on beside the dataset's header.
        check: looks at the dataset's shape, types and storage, not at its values.

    Returns:
        What the check returned, now or of the same header before; the header's address; and the header.

    Raises:
        ValueError: there is none; or what the check raises.
    """
    address, header = guarded.find_dataset(file, path)
    key = (asked, header.content)
    if _is_settled(file, header) and key in _known:
        return cast("_T", _known[key]), address, header
    found = check(h5py.Dataset(h5py.h5d.open(file.id, path.encode())))
    if _is_settled(file, header):
        _remember(key, found)
    return found, address, header


def see_groups(file: ReadFile, headers: Mapping[str, Header]) -> None:
    """See that HDF5 can open groups; what stands in them is found without it from then on.

    Args:
        file: the open file.
        headers: of each group, by its path; from `guarded.check_links`.

    Raises:
        RuntimeError: it can't.
    """
    for path, header in headers.items():
        key = ("group", header.content)
        if path and not (_is_settled(file, header) and key in _known):
            h5py.h5g.open(file.id, path.encode())
            if _is_settled(file, header):
                _remember(key, None)
        file.know(path, header)


def of_group(file: h5py.File, path: str, asked: Hashable, read: Callable[[h5py.Group], _T]) -> _T:
    """What is read of a group's attributes, now or of the same header before.

    Args:
        file: the open file, whose links were checked.
        path: the group's.
        asked: stands for `read`.
        read: reads attributes of the group, and nothing else of it.

    Raises:
        KeyError, ValueError: what `read` raises.
    """
    header = file.groups.get(path) if isinstance(file, ReadFile) else None
    if header is None or not header.is_whole or not _is_settled(file, header):
        return read(file[path])
    key = (asked, header.content)
    if key not in _known:
        _remember(key, read(file[path]))
    return cast("_T", _known[key])


def of_attribute(group: h5py.Group, name: str, read: Callable[[h5py.Group, str], _T]) -> _T:
    """What is read of an attribute, now or of the same message before.

    Args:
        group: the object that has it, whose header was checked.
        name: the attribute's.
        read: reads it, and nothing else.

    Raises:
        KeyError, ValueError: what `read` raises.
    """
    is_clear = isinstance(group, ReadFile) and not group.is_growing and name in group.attributes
    message = group.attributes[name] if is_clear else b""
    if not 0 < len(message) <= _USUAL_BYTES:
        return read(group, name)
    key = (read, message)
    if key not in _known:
        _remember(key, read(group, name))
    return cast("_T", _known[key])


def is_growing(file: h5py.File) -> bool:
    """Whether its structures may change while they are looked at."""
    return file.is_growing if isinstance(file, ReadFile) else True


def _is_settled(file: h5py.File, header: Header) -> bool:
    """Whether what is found of it may be kept; one that is being written may change between two looks at it."""
    return header.is_usual and not is_growing(file)


def _remember(key: Hashable, found: Any) -> None:
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known[key] = found
