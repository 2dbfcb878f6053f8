"""Sealed files: what a replay leaves for a later one, read back whole and as it was written, or not at all.

A file is a line that says whose it is, a line of JSON, the arrays that it speaks of as in `.npy` files, and a
checksum over all. Nothing in it is code: what isn't made of plain values, arrays and dataclasses that the reader
names can't be written, or read.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import fields, is_dataclass
from hashlib import blake2b
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.support.own_files import open_itself
from sparsey_trace.support.writing import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

SIGNATURE = b"sparsey-trace sealed 1\n"
"""How a file begins."""

_PLAIN = (type(None), bool, int, float, str)
_DIGEST_BYTES = 32
_BLOCK = 1 << 20
_LARGEST = 1 << 30


class Unsealed(Exception):
    """A file that isn't there as it was written; says what was found instead."""


class Unkept(Exception):
    """A value that can't be written."""


def write_sealed(
    path: Path,
    about: Mapping[str, Any],
    value: Any,
    types: Sequence[type] = (),
    *,
    is_bounded: bool = True,
) -> None:
    """Write a file that takes its name only when it is whole.

    Args:
        path: in a folder that exists.
        about: what the value is, as JSON.
        value: None, numbers, text, arrays, tuples, lists, dicts and dataclasses of these.
        types: the dataclasses that may be in it.
        is_bounded: whether its arrays may take 1 GiB at most.

    Raises:
        Unkept: something else is in it, or it takes more.
        OSError: the file can't be written.
    """
    arrays: list[NDArray[Any]] = []
    line = json.dumps([about, _flat(value, arrays, types)]).encode()
    size = sum(array.nbytes for array in arrays)
    if is_bounded and size > _LARGEST:
        msg = f"expected at most {_LARGEST:,} bytes, found {size:,}"
        raise Unkept(msg)
    with whole(path) as partial, partial.open("xb") as stream:
        sealing = _Sealing(stream)
        sealing.write(SIGNATURE + line + b"\n")
        for array in arrays:
            np.lib.format.write_array(sealing, array, allow_pickle=False)
        stream.write(sealing.digest)


def read_sealed(path: Path, types: Sequence[type] = ()) -> tuple[dict[str, Any], Any]:
    """What a file says of its value, and the value.

    Args:
        path: from `write_sealed`.
        types: the dataclasses that may be in it.

    Raises:
        FileNotFoundError: there is none.
        Unsealed: it isn't what was written.
    """
    with _unsealing(), _opened(path) as stream:
        size = stream.seek(0, 2) - _DIGEST_BYTES
        stream.seek(max(0, size))
        seal = stream.read()
        if digest_of(stream, max(0, size)) != seal:
            msg = "another checksum than it should have"
            raise Unsealed(msg)
        about, flat = _said(stream)
        arrays = []
        while stream.tell() < size:
            arrays.append(np.lib.format.read_array(stream, allow_pickle=False))
        return dict(about), _restored(flat, arrays, {kind.__qualname__: kind for kind in types})


def about_sealed(path: Path) -> dict[str, Any]:
    """What a file says of its value, unchecked: good enough to throw it away by.

    Raises:
        Unsealed: it can't be read.
    """
    with _unsealing(), _opened(path) as stream:
        return dict(_said(stream)[0])


def digest_of(stream: IO[bytes], size: int) -> bytes:
    """The BLAKE2b digest of a file's first bytes."""
    stream.seek(0)
    found = blake2b(digest_size=_DIGEST_BYTES)
    while size > 0 and (block := stream.read(min(size, _BLOCK))):
        found.update(block)
        size -= len(block)
    return found.digest()


def _opened(path: Path) -> IO[bytes]:
    return os.fdopen(open_itself(path, os.O_RDONLY), "rb")


def _said(stream: IO[bytes]) -> Any:
    """What a file says of its value, and the value without its arrays, which come next."""
    stream.seek(0)
    if stream.read(len(SIGNATURE)) != SIGNATURE:
        msg = "something that sparsey-trace didn't write"
        raise Unsealed(msg)
    return json.loads(stream.readline())


@contextlib.contextmanager
def _unsealing() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, Unsealed):
        raise
    except Exception as error:
        raise Unsealed(" ".join(f"{type(error).__name__}: {error}".split())) from error


class _Sealing:
    """A stream that keeps a digest of what is written to it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._seal = stream, blake2b(digest_size=_DIGEST_BYTES)

    def write(self, data: bytes) -> int:
        self._seal.update(data)
        return self._stream.write(data)

    @property
    def digest(self) -> bytes:
        return self._seal.digest()


def _flat(value: Any, arrays: list[NDArray[Any]], types: Sequence[type]) -> Any:
    """A value as JSON: plain ones as they are, others as a list that begins with what they are."""
    kind = type(value)
    if kind in _PLAIN:
        return value

    def flat(part: Any) -> Any:
        return _flat(part, arrays, types)

    if isinstance(value, np.generic) or kind is np.ndarray:
        if value.dtype.hasobject:
            msg = "expected arrays of numbers, found one of objects"
            raise Unkept(msg)
        arrays.append(np.asarray(value))
        return ["array" if kind is np.ndarray else "number", len(arrays) - 1]
    if kind in (tuple, list):
        return [kind.__name__, *map(flat, value)]
    if kind is dict:
        return ["dict", *([flat(key), flat(part)] for key, part in value.items())]
    if kind in types and is_dataclass(kind) and all(f.init for f in fields(kind)):
        return [kind.__qualname__, {f.name: flat(getattr(value, f.name)) for f in fields(value)}]
    msg = f"expected values and arrays, or one of the metric's state_types, found {kind.__qualname__}"
    raise Unkept(msg)


def _restored(flat: Any, arrays: Sequence[NDArray[Any]], types: Mapping[str, type]) -> Any:
    if type(flat) in _PLAIN:
        return flat

    def restored(part: Any) -> Any:
        return _restored(part, arrays, types)

    kind, *parts = flat
    made: dict[str, Callable[[], Any]] = {
        "array": lambda: arrays[parts[0]],
        "number": lambda: arrays[parts[0]][()],
        "tuple": lambda: tuple(map(restored, parts)),
        "list": lambda: list(map(restored, parts)),
        "dict": lambda: {restored(key): restored(part) for key, part in parts},
    }
    if kind in made:
        return made[kind]()
    return types[kind](**{name: restored(part) for name, part in parts[0].items()})
