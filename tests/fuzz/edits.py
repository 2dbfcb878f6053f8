"""Forgeries through HDF5 itself: values, attributes, links, datasets of another kind than a trace has."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any

import h5py
import hdf5plugin  # noqa: F401 - registers the Zstd filter with HDF5
import numpy as np

from tests.fuzz.structures import Structure

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

NUMBERS = (
    -1,
    0,
    1,
    2,
    3,
    63,
    64,
    255,
    256,
    300,
    65_536,
    10**6,
    2**31 - 1,
    2**31,
    2**40,
    2**60,
    2**63 - 1,
    -(2**63),
)
TEXTS = (
    "",
    "x",
    "\x1b[31m\r\n\0",
    "<script>alert(1)</script>",
    "../../run.h5",
    "[" * 100_000,
    '{"a": 1e999}',
    "{}",
    "9" * 9999,
)
SAMPLINGS = ('{"every": 0}', '{"every": -3}', '{"phases": ["x"]}', '{"layers": 5}', '{"predicate": []}')
VALUES = (np.nan, np.inf, True, [1, 2], [[1.5]], np.zeros(0), *NUMBERS, *TEXTS)
REFUSED = (
    OSError,
    RuntimeError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    MemoryError,
    OverflowError,
)
FILTERS = (1, 2, 4, 5, 6, 305, 32_001, 32_004, 32_008, 32_013, 32_026, 60_000)


def edit(content: bytearray, rng: random.Random, _: bytes) -> bytearray:
    """One to three changes; HDF5 may refuse some."""
    with through_hdf5(content) as file:
        for _ in range(rng.choice([1, 1, 2, 3])):
            rng.choice(EDITS)(file, rng)
    return content


@contextlib.contextmanager
def through_hdf5(content: bytearray) -> Iterator[h5py.File]:
    """A file's content, opened to be changed; it is what HDF5 made of it afterwards."""
    if content[11]:
        content[11] = 0
        Structure.before("superblock", 0, 44).seal(content)
    stream = io.BytesIO(content)
    with contextlib.suppress(*REFUSED), h5py.File(stream, "r+", libver=("v110", "v110")) as file:
        yield file
    content[:] = stream.getvalue()


def set_counter(file: h5py.File, rng: random.Random) -> None:
    name = rng.choice(["committed", "in_chunks", "closed"])
    for chosen in rng.choice([[name], ["committed", "in_chunks"]]):
        file[f"progress/{chosen}"][()] = rng.choice(NUMBERS)


def set_attribute(file: h5py.File, rng: random.Random) -> None:
    group = rng.choice([file, file, *(file["layers"][name] for name in file["layers"])])
    name, value = rng.choice(list(group.attrs)), rng.choice(VALUES)
    if isinstance(value, str) and rng.random() < 0.8:
        stored = value.encode()[:60_000]
        value = np.array(stored, h5py.string_dtype("utf-8", max(1, len(stored))))
    del group.attrs[name]
    if rng.random() < 0.9:
        group.attrs[name] = value


def set_values(file: h5py.File, rng: random.Random) -> None:
    dataset = file[_name(file, rng)]
    if dataset.size and dataset.dtype.kind in "iuf":
        index = tuple(rng.randrange(side) for side in dataset.shape)
        most = np.nan if dataset.dtype.kind == "f" else np.iinfo(dataset.dtype).max
        dataset[index] = rng.choice([0, 1, 2, 5, 255, most])


def set_text(file: h5py.File, rng: random.Random) -> None:
    name, text = rng.choice(["config", "sampling"]), rng.choice([*TEXTS, *SAMPLINGS]).encode() or b"\0"
    del file[name]
    stored = np.array([text], h5py.string_dtype("utf-8", len(text)))
    file.create_dataset(name, data=stored, chunks=(1,), fletcher32=True)


def remove(file: h5py.File, rng: random.Random) -> None:
    del file[_name(file, rng)]


def link_elsewhere(file: h5py.File, rng: random.Random) -> None:
    name, other = _name(file, rng), _name(file, rng)
    links = [
        h5py.SoftLink("/" + other),
        h5py.SoftLink("/" + name),
        h5py.ExternalLink("/etc/passwd", "/"),
        file[other],
    ]
    if rng.random() < 0.7:
        del file[name]
    else:
        name = f"{name}_more"
    file[name] = rng.choice(links)


def go_in_circles(file: h5py.File, rng: random.Random) -> None:
    group = rng.choice(["layers", "samples", "tail", "layers/0", "progress"])
    file[f"{group}/{rng.choice(['again', '9', '0_'])}"] = file[rng.choice(["/", "layers", group])]


def resize(file: h5py.File, rng: random.Random) -> None:
    dataset = file[_name(file, rng)]
    dataset.resize(rng.choice([0, 1, 63, 64, 10**6, 2**36]), axis=0)
    if rng.random() < 0.7:
        for name in ("committed", "in_chunks"):
            file[f"progress/{name}"][()] = len(dataset)


def claim_much(file: h5py.File, rng: random.Random) -> None:
    # Of more chunks than 2^32 HDF5 itself makes no file: it crashes as it closes it.
    size = rng.choice([1000, 10**6, 2**36])
    columns: list[str] = []
    file.visititems(lambda name, item: columns.append(name) if _grows(name, item) else None)
    for name in columns:
        file[name].resize(size, axis=0)
    for name in ("committed", "in_chunks"):
        file[f"progress/{name}"][()] = size


def _grows(name: str, item: Any) -> bool:
    return (
        isinstance(item, h5py.Dataset)
        and bool(item.chunks)
        and item.maxshape[0] is None
        and "drops" not in name
    )


def make_anew(file: h5py.File, rng: random.Random) -> None:
    """A dataset in another way: layout, filter, dtype, chunks."""
    name = _name(file, rng)
    old = file[name]
    shape, dtype, chunks, values = old.shape, old.dtype, old.chunks, old[()]
    del file[name]
    ways: list[dict[str, Any]] = [
        {
            "shape": shape,
            "dtype": rng.choice([dtype, ">i8", "f2", "u1", "S5", h5py.ref_dtype, h5py.string_dtype()]),
        },
        {"shape": shape, "dtype": dtype, "external": [("/etc/passwd", 0, h5py.h5f.UNLIMITED)]},
        {"data": values, "chunks": chunks or True, "compression": rng.choice(["gzip", "lzf"])},
        {"data": values, "chunks": chunks or True, "shuffle": True, "fletcher32": True},
        {"shape": shape, "dtype": dtype, "chunks": tuple(rng.choice([1, 2, 64, 4096]) for _ in shape)},
        {
            "shape": tuple(rng.choice([side, 2**20, 2**31]) for side in shape),
            "dtype": dtype,
            "chunks": chunks or True,
        },
        {"shape": shape, "dtype": dtype, "maxshape": (None, *shape[1:]), "chunks": True},
        {"data": np.zeros(3, [("a", "i4"), ("b", "f8", 3)])},
    ]
    file.create_dataset(name, **rng.choice(ways))


def make_virtual(file: h5py.File, rng: random.Random) -> None:
    name = _name(file, rng)
    shape, dtype = file[name].shape, file[name].dtype
    del file[name]
    made = h5py.VirtualLayout(shape=shape, dtype=dtype)
    made[...] = h5py.VirtualSource(rng.choice([".", "/etc/passwd", "other.h5"]), "x", shape=shape)
    file.create_virtual_dataset(name, made)


def make_filtered(file: h5py.File, rng: random.Random) -> None:
    """Chunks through a filter that HDF5 would have to look for, with the bytes as they are."""
    name = _name(file, rng)
    shape, dtype, chunks = file[name].shape, file[name].dtype, file[name].chunks
    del file[name]
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk(chunks or tuple(max(1, side) for side in shape))
    plist.set_filter(rng.choice(FILTERS), h5py.h5z.FLAG_OPTIONAL, (1, 2))
    space = h5py.h5s.create_simple(shape, tuple(h5py.h5s.UNLIMITED for _ in shape))
    made = h5py.h5d.create(file.id, name.encode(), h5py.h5t.py_create(dtype), space, plist)
    made.write_direct_chunk((0,) * len(shape), rng.randbytes(64), filter_mask=rng.choice([0, 1]))


def write_chunk(file: h5py.File, rng: random.Random) -> None:
    """A chunk of a column by other bytes, or with its filters left out."""
    columns: list[str] = []
    file.visititems(lambda name, item: columns.append(name) if _grows(name, item) and len(item) else None)
    dataset = file[rng.choice(columns)]
    corner = tuple(
        rng.randrange(side) // part * part for side, part in zip(dataset.shape, dataset.chunks, strict=True)
    )
    _, stored = dataset.id.read_direct_chunk(corner)
    other = rng.choice([b"", b"x", stored[:-1], stored + stored, bytes(64), rng.randbytes(64), stored])
    dataset.id.write_direct_chunk(corner, other, filter_mask=rng.choice([0, 1, 2, 3, 0xFFFF]))


def add_unknown(file: h5py.File, rng: random.Random) -> None:
    name = rng.choice(["\x1b[31m", "notes", "layers/x", "tail/more", "layers/0/weights", "samples/<b>"])
    file.create_dataset(name, data=rng.choice([np.zeros(3), "text", 5]))
    file.attrs[name] = rng.choice(["x" * 1000, 3])
    file[f"{name}_type"] = np.dtype("f8")


def rename_layer(file: h5py.File, rng: random.Random) -> None:
    text = rng.choice(["<b>", "\x1b[31m", "a\nb", "\x7f", "é" * 100, "v1", "low"]).encode()
    del file["layers/0"].attrs["name"]
    file["layers/0"].attrs["name"] = np.array(text, h5py.string_dtype("utf-8", len(text)))


def _name(file: h5py.File, rng: random.Random) -> str:
    names: list[str] = []
    file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    return rng.choice(names)


EDITS = (
    set_counter,
    set_attribute,
    set_attribute,
    set_values,
    set_text,
    remove,
    link_elsewhere,
    go_in_circles,
    resize,
    claim_much,
    make_anew,
    make_anew,
    make_virtual,
    make_filtered,
    write_chunk,
    add_unknown,
    rename_layer,
)
