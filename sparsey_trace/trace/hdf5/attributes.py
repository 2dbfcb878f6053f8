"""Attributes, and small datasets of text or numbers, whose datatype is checked before any of it is read."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from sparsey_trace.trace.hdf5 import guarded
from sparsey_trace.trace.hdf5.chunked_dataset import read_single
from sparsey_trace.trace.hdf5.sound_headers import of_attribute

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_NUMBERS = 64
"""No attribute is read that holds more."""


def fixed_length_text(text: str) -> NDArray[Any]:
    """Text as HDF5 keeps it safest: of fixed length, which its checksums cover.

    Text of variable length stands in a heap without one, where a flipped bit can make HDF5 read for ever.
    """
    encoded = text.encode()
    return np.array(encoded, h5py.string_dtype("utf-8", max(1, len(encoded))))


def has_attribute(group: h5py.Group, name: str) -> bool:
    """Whether there is such an attribute."""
    return of_attribute(group, name, _is_there)


def read_number(group: h5py.Group, name: str) -> int:
    """An attribute that is a whole number.

    Raises:
        KeyError, ValueError: there is none, or it is something else.
    """
    found = read_numbers(group, name)
    if len(found) != 1:
        msg = f"{name}: expected a whole number, found {len(found)}"
        raise ValueError(msg)
    return found[0]


def read_numbers(group: h5py.Group, name: str) -> list[int]:
    """An attribute that is one or more whole numbers.

    Raises:
        KeyError, ValueError: there is none, or it is something else.
    """
    return list(of_attribute(group, name, _numbers))


def _is_there(group: h5py.Group, name: str) -> bool:
    return bool(h5py.h5a.exists(group.id, name.encode()))


def _numbers(group: h5py.Group, name: str) -> tuple[int, ...]:
    attribute = h5py.h5a.open(group.id, name.encode())
    kind, count = attribute.get_type(), attribute.get_space().get_simple_extent_npoints()
    if kind.get_class() != h5py.h5t.INTEGER or count > _MOST_NUMBERS:
        msg = f"{name}: expected a whole number, found another kind of attribute"
        raise ValueError(msg)
    found = np.empty(count, np.int64)
    if count:
        attribute.read(found, mtype=h5py.h5t.NATIVE_INT64)
    return tuple(found.tolist())


def read_text(group: h5py.Group, name: str) -> str:
    """An attribute that is text.

    Raises:
        KeyError, ValueError: there is none, or it is something else, or isn't UTF-8.
    """
    return of_attribute(group, name, _text)


def _text(group: h5py.Group, name: str) -> str:
    attribute = h5py.h5a.open(group.id, name.encode())
    kind = attribute.get_type()
    _check_text(kind, attribute.get_space(), name)
    found = np.empty((), f"S{kind.get_size()}")
    attribute.read(found, mtype=kind)
    return _decoded(found, name)


def read_long_text(file: h5py.File, name: str) -> str:
    """A dataset that is text.

    Raises:
        KeyError, ValueError: there is none, or it is something else, or isn't UTF-8.
    """
    return _decoded(read_single(file, name, "text", partial(_check_long_text, name)), name)


def read_array(file: h5py.File, name: str, dtype: np.dtype[Any]) -> NDArray[Any]:
    """A dataset that doesn't grow, of one dtype and two axes.

    Raises:
        KeyError, ValueError: there is none, or it is something else.
    """
    return read_single(file, name, ("array", dtype), partial(_check_array, name, dtype))


def _check_long_text(name: str, dataset: h5py.Dataset) -> None:
    _check_text(dataset.id.get_type(), dataset.id.get_space(), name)


def _check_array(name: str, dtype: np.dtype[Any], dataset: h5py.Dataset) -> None:
    if len(dataset.shape or ()) != 2:
        msg = f"{name}: expected two axes, found shape {dataset.shape}"
        raise ValueError(msg)
    guarded.check_dtype(dataset, dtype, dataset.shape[1:])


def _check_text(kind: h5py.h5t.TypeID, space: h5py.h5s.SpaceID, name: str) -> None:
    is_text = kind.get_class() == h5py.h5t.STRING and space.get_simple_extent_npoints() == 1
    if not is_text or kind.is_variable_str():
        msg = f"{name}: expected text of fixed length, found another kind"
        raise ValueError(msg)


def _decoded(value: Any, name: str) -> str:
    found = value.item() if isinstance(value, np.ndarray) else value
    if isinstance(found, bytes):
        return found.decode()
    if not isinstance(found, str):
        msg = f"{name}: expected text, found {type(found).__name__}"
        raise ValueError(msg)
    return found
