"""The format of a trace in one place: names, dtypes, shapes and encodings of version 3.

`docs/trace-format.md` is the normative page; this module is the same in code. Every dataset with a
value per sample is a `Column`. It stands twice in the file: under its own path, in whole compressed
chunks, and under `/tail`, uncompressed, for the samples that don't fill a chunk yet.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from sparsey_trace.layout import MARKS, PHASES
from sparsey_trace.trace.hdf5 import chunk_codec
from sparsey_trace.trace.hdf5.narrow_codec import NARROW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sparsey_trace.layout import LayerLayout, Layout

FORMAT = "sparsey-trace"
VERSION = 3
"""The version that is written. The next one is registered here, and in `docs/trace-format.md` under "Versions"."""
READABLE = (VERSION,)
"""Those that are read."""
LAST_READ_BY = {1: ("6516d5b", "ff128d1"), 2: ("99adc06", "f875718")}
"""Those that are read no more: the first and the last commit of this repository that read them."""

COMMITTED = "progress/committed"
IN_CHUNKS = "progress/in_chunks"
CLOSED = "progress/closed"
DROPS = "progress/drops"
NEXT_STEP = "progress/next_step"
COUNTERS = (COMMITTED, IN_CHUNKS, CLOSED)

TAIL = "tail"
CHECKSUMS = f"{TAIL}/checksums"
INPUTS = "inputs"
SAMPLE_COLUMNS = {
    "step": "i8",
    "epoch": "i4",
    "phase": "u1",
    **dict.fromkeys(MARKS.values(), "i8"),
    "time": "f8",
}
INPUT_KINDS = ("binary", "uint8", "int32", "int64", "float16", "float32", "float64", "none")

_GROUPS = re.compile(rf"/({TAIL}|progress|(?:{TAIL}/)?(samples|layers(/\d+(/values)?)?))")
_PHASE = h5py.enum_dtype({name: number for number, name in enumerate(PHASES)}, basetype="u1")
"""A phase says its name to whoever reads it with HDF5 alone."""

_MACS_PER_CHUNK = {0: 16, 4: 16, 2: 32}
"""By the bits of a winner. Chunks of more MACs are fewer; what one MAC takes to read is kept where it was."""
_CHUNK_BYTES = 1 << 20
_FEWEST, _USUAL, _MOST = 64, 1024, 4096


@dataclass(frozen=True)
class Column:
    """One dataset with a value per sample.

    Attributes:
        path: where it stands in the file.
        width: the shape of one sample's value, as stored.
        dtype: the stored dtype.
        bits: how many booleans each sample packs along its last axis (most significant bit
            first), or 0 where the values are stored as they are.
        codec: how its chunks are compressed.
        macs: of codes, how many MACs a chunk holds at most.
    """

    path: str
    width: tuple[int, ...]
    dtype: np.dtype[Any]
    bits: int = 0
    codec: chunk_codec.Codec = chunk_codec.ZSTD
    macs: int = 16

    @property
    def stored_dtype(self) -> np.dtype[Any]:
        """The dtype as HDF5 has it: with names for numbers, where these have some."""
        return _PHASE if self.path == "samples/phase" else self.dtype

    @property
    def kind(self) -> str:
        """Of inputs: one of `INPUT_KINDS`."""
        return "binary" if self.bits else self.dtype.name

    @property
    def sample_bytes(self) -> int:
        """Bytes a sample takes before compression."""
        return math.prod(self.width) * self.dtype.itemsize

    def chunk_shape(self, samples: int) -> tuple[int, ...]:
        """Shape of an HDF5 chunk: codes are cut into groups of MACs, all else is whole."""
        if len(self.width) == 2:
            return (samples, min(self.width[0], self.macs), self.width[1])
        return (samples, *self.width)

    def decode(self, stored: NDArray[Any]) -> NDArray[Any]:
        """From what is stored to what users hold: packed bits become uint8 zeros and ones."""
        return np.unpackbits(stored, axis=-1, count=self.bits) if self.bits else stored


def is_group(path: str) -> bool:
    """Whether what stands under a path has to be a group with datasets of the format; layers have numbers for names.

    >>> is_group("/tail/layers/0"), is_group("/samples"), is_group("/notes")
    (True, True, False)
    """
    return _GROUPS.fullmatch(path) is not None


def codes_path(layer: int) -> str:
    """Where the winners of a layer stand: [N, M, Q]."""
    return f"layers/{layer}/codes"


def active_path(layer: int) -> str:
    """Where a layer's activity stands: [N, ceil(M / 8)] packed bits."""
    return f"layers/{layer}/active"


def value_path(layer: int, name: str) -> str:
    """Where a further value of each MAC of a layer stands: [N, M]."""
    return f"layers/{layer}/values/{name}"


def input_column(layout: Layout, kind: str) -> Column | None:
    """The column of the model's input, or None where none is recorded.

    Args:
        layout: the model.
        kind: one of `INPUT_KINDS`.
    """
    if kind == "none":
        return None
    if kind == "binary":
        return packed_bits(INPUTS, layout.num_features)
    return Column(INPUTS, (layout.num_features,), np.dtype(kind))


def code_bits(layer: LayerLayout) -> int:
    """How many bits a winner takes in the chunks that are written; 0 where these are whole bytes.

    Args:
        layer: whose winners.

    >>> from sparsey_trace.layout import LayerLayout
    >>> v1 = LayerLayout(name="v1", num_macs=1, num_cms=2, num_neurons=10, connections=[[0]])
    >>> code_bits(v1)
    4
    """
    return next((bits for bits in NARROW if layer.num_neurons <= 1 << bits), 0)


def columns(
    layout: Layout, input_kind: str, values: Sequence[Sequence[str]] = (), bits: Sequence[int] = ()
) -> list[Column]:
    """All columns of a trace, in the order in which they are written.

    Args:
        layout: the model.
        input_kind: one of `INPUT_KINDS`.
        values: by layer, the names of the further values that its MACs have.
        bits: by layer, bits of a winner in chunks, as in `Head.code_bits`; by default as these are written.
    """
    # What is known of each sample is small, and read by tools that have no plugin.
    found = [
        Column(f"samples/{name}", (), np.dtype(kind), codec=chunk_codec.DEFLATE)
        for name, kind in SAMPLE_COLUMNS.items()
    ]
    inputs = input_column(layout, input_kind)
    if inputs is not None:
        found.append(inputs)
    for index, layer in enumerate(layout.layers):
        of_winner = bits[index] if bits else code_bits(layer)
        codec = NARROW[of_winner] if of_winner else chunk_codec.ZSTD
        found.append(
            Column(
                codes_path(index),
                (layer.num_macs, layer.num_cms),
                layer.code_dtype,
                codec=codec,
                macs=_MACS_PER_CHUNK[of_winner],
            )
        )
        found.append(packed_bits(active_path(index), layer.num_macs))
        found += [
            Column(value_path(index, name), (layer.num_macs,), np.dtype(np.float32))
            for name in (values[index] if values else ())
        ]
    return found


def packed_bits(path: str, count: int) -> Column:
    """A column of `count` booleans a sample, packed into bytes."""
    width, codec = (-(-count // 8),), chunk_codec.QUICK_ZSTD
    return Column(path, width, np.dtype(np.uint8), bits=count, codec=codec)


def samples_per_chunk(sample_bytes: int) -> int:
    """How many samples a chunk holds: a power of two, 1,024 where nothing speaks against it.

    Up to 4,096 while all columns' chunks stay within a MiB together, and down to 64 where 1,024 samples would take
    more than 4 MiB. Shorter chunks compress less and cost more to write and to read; but the tail is as long as a
    chunk and uncompressed, and has to stay small beside any trace worth keeping.

    Args:
        sample_bytes: of all columns, before compression.

    >>> samples_per_chunk(10), samples_per_chunk(400), samples_per_chunk(3000), samples_per_chunk(10**6)
    (4096, 2048, 1024, 64)
    """
    fitting = max(1, _CHUNK_BYTES // sample_bytes, min(_USUAL, 4 * _CHUNK_BYTES // sample_bytes))
    return min(_MOST, max(_FEWEST, 1 << (fitting.bit_length() - 1)))
