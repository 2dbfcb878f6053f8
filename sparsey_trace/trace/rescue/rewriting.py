"""A trace that other HDF5 tools rewrote, in the formats of older HDF5: written anew as the format of traces says.

Only HDF5 itself reads these formats, which nothing here checks beforehand. So that happens in a process of its own,
which may crash or be stopped, and which reads no more than a trace needs: nothing behind a link, outside of the file or
through a filter that isn't known here.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import subprocess
import sys
from typing import TYPE_CHECKING

import h5py
import hdf5plugin  # noqa: F401 - registers the Zstd filter with HDF5

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.format import schema, told_at_close
from sparsey_trace.trace.format.damage import DAMAGE
from sparsey_trace.trace.format.drops import DROP
from sparsey_trace.trace.format.head import read_head
from sparsey_trace.trace.writing.empty_datasets import make_datasets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SECONDS, _BYTES_A_SECOND = 60, 1 << 20
"""How long it may take, and how much faster than this it is."""
_MEMORY, _MOST_IN_TAIL = 4 << 30, 1 << 28
"""Bytes that it may take; and that a chunk's samples may."""
_MOST_IN_ATTRIBUTE = 1 << 16
"""Bytes; larger ones are nothing that a trace has."""
_FILTERS = frozenset({1, 2, 3, 4, 5, 6, 32_000, 32_015})
"""Deflate, shuffle, Fletcher32, szip, N-bit, scale-offset, LZF, Zstd."""
_KINDS = frozenset({h5py.h5t.INTEGER, h5py.h5t.FLOAT, h5py.h5t.STRING, h5py.h5t.ENUM})


def rewrite(path: Path, out: Path) -> None:
    """Write what a trace needs of a file into a new one, which `repair` can read.

    Args:
        path: the file, which is only read.
        out: the file to make, which isn't there yet.

    Raises:
        TraceError: that can't be done.
    """
    command = [sys.executable, "-P", "-m", __name__, str(path), str(out)]
    seconds = _SECONDS + path.stat().st_size // _BYTES_A_SECOND
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
        why = done.stderr.strip().rpartition("\n")[2] if done.returncode == 1 else "HDF5 ended without a word"
        failed = done.returncode != 0
    except subprocess.TimeoutExpired:
        failed, why = True, f"nothing that could be read in {seconds:,} s"
    if failed:
        msg = f"{path}: expected a trace that another HDF5 tool rewrote, found: {why}"
        raise TraceError(msg)


def _main(path: str, out: str) -> int:
    with contextlib.suppress(ImportError):
        resource = importlib.import_module("resource")
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    try:
        with h5py.File(path, "r", locking=False) as old, h5py.File(out, "x", libver=("v110", "v110")) as new:
            _copy_head(old, new)
            _copy_samples(old, new)
    except DAMAGE as error:
        print(" ".join(str(error).split()) or type(error).__name__, file=sys.stderr)
        return 1
    return 0


def _copy_head(old: h5py.File, new: h5py.File) -> None:
    for group in ("/", *_layers(old)):
        _copy_attributes(old[group], new.require_group(group))
    fixed = ["config", "sampling"]
    fixed += [f"{layer}/{name}" for layer in _layers(old) for name in ("connections", "positions")]
    for path in fixed:
        if path.endswith(("connections", "positions")) and not _is_there(old, path):
            continue
        found = _open(old, path)
        new.create_dataset(path, data=found[()], dtype=found.dtype, chunks=found.shape, fletcher32=True)


def _copy_samples(old: h5py.File, new: h5py.File) -> None:
    new.flush()
    head = read_head(new)
    columns = schema.columns(head.layout, head.input_kind, head.values, head.code_bits)
    # In a closed trace nothing in the tail means anything, and it needs not be there.
    tail = (
        [f"{schema.TAIL}/{column.path}" for column in columns] if _open(old, schema.CLOSED)[()] != 1 else []
    )
    size = len(_open(old, f"{schema.TAIL}/samples/step", is_needed=bool(tail)))
    if size * sum(column.sample_bytes for column in columns) > _MOST_IN_TAIL:
        msg = f"{schema.TAIL}: expected room for the samples of one chunk, found it for {size:,}"
        raise ValueError(msg)
    make_datasets(new, columns, size)
    for column in columns:
        found, made = _open(old, column.path), new[column.path]
        made.resize(len(found), axis=0)
        for start in range(0, len(found), size):
            made[start : start + size] = found[start : start + size]
    for path in (*tail, schema.CHECKSUMS) if tail else ():
        new[path][:] = _open(old, path)[:]
    drops = _open(old, schema.DROPS)
    new[schema.DROPS].resize(len(drops), axis=0)
    for name in (schema.DROPS, schema.COMMITTED, schema.IN_CHUNKS, schema.CLOSED):
        new[name][()] = _open(old, name)[()]
    if _is_there(old, schema.NEXT_STEP):
        new[schema.NEXT_STEP][()] = _open(old, schema.NEXT_STEP)[()]
    _copy_attributes(old[told_at_close.GROUP], new[told_at_close.GROUP])


def _layers(file: h5py.File) -> Iterator[str]:
    if _is_there(file, "layers"):
        yield from (f"layers/{name}" for name in file["layers"] if schema.is_group(f"/layers/{name}"))


def _copy_attributes(old: h5py.Group, new: h5py.Group) -> None:
    for name in old.attrs:
        kind = h5py.h5a.open(old.id, name.encode()).get_type()
        if (
            _is_plain(kind)
            and kind.get_size() * math.prod(old.attrs.get_id(name).shape) <= _MOST_IN_ATTRIBUTE
        ):
            new.attrs.create(name, old.attrs[name], dtype=kind.dtype)


def _is_there(file: h5py.File, path: str) -> bool:
    """Whether something of this file stands under a path, and no link on the way leads elsewhere."""
    group = file.id
    *groups, last = path.split("/")
    for name in (*groups, last):
        if (
            not group.links.exists(name.encode())
            or group.links.get_info(name.encode()).type != h5py.h5l.TYPE_HARD
        ):
            return False
        if name is not last:
            group = h5py.h5g.open(group, name.encode())
    return True


def _open(file: h5py.File, path: str, *, is_needed: bool = True) -> h5py.Dataset:
    """A dataset of numbers or text of fixed length, in this file and through known filters.

    Args:
        file: the file.
        path: the dataset's.
        is_needed: whether all of its values have to be there.

    Raises:
        ValueError: there is none.
    """
    found = h5py.Dataset(h5py.h5d.open(file.id, path.encode())) if _is_there(file, path) else None
    if found is None or not _is_known(found) or (is_needed and not _is_whole(found)):
        msg = (
            f"{path}: expected a dataset as HDF5 tools copy it, found another kind" if found else f"no {path}"
        )
        raise ValueError(msg)
    return found


def _is_known(dataset: h5py.Dataset) -> bool:
    plist, kind = dataset.id.get_create_plist(), dataset.id.get_type()
    filters = {plist.get_filter(number)[0] for number in range(plist.get_nfilters())}
    is_list = dataset.name.endswith(schema.DROPS) and kind.equal(h5py.h5t.py_create(DROP, logical=True))
    is_here = plist.get_layout() != h5py.h5d.VIRTUAL and not plist.get_external_count()
    return is_here and (is_list or _is_plain(kind)) and filters <= _FILTERS


def _is_plain(kind: h5py.h5t.TypeID) -> bool:
    """Whether it is of numbers, or of text that stands where its value does."""
    return kind.get_class() in _KINDS and not (kind.get_class() == h5py.h5t.STRING and kind.is_variable_str())


def _is_whole(dataset: h5py.Dataset) -> bool:
    """Whether all of it is there: HDF5 reads what is missing as zeros. Drops may have holes."""
    if dataset.name.endswith(schema.DROPS):
        return True
    if not dataset.chunks:
        return bool(
            dataset.id.get_storage_size() == math.prod(dataset.shape) * dataset.id.get_type().get_size()
        )
    sides = zip(dataset.shape, dataset.chunks, strict=True)
    return bool(dataset.id.get_num_chunks() == math.prod(-(-side // length) for side, length in sides))


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
