"""How many samples to work on at once, for the memory that may be taken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.errors import TraceError, UsageError
from sparsey_trace.metrics.receptive_fields import receptive_fields

if TYPE_CHECKING:
    from sparsey_trace.layout import Layout
    from sparsey_trace.trace.reading.trace import Trace

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_PROCESS_BYTES = 160 << 20
"""What a process takes before it reads its first chunk: the interpreter, numpy, HDF5, Arrow."""
_FEWEST, _MOST = 64, 4096

_LARGEST_KEPT = (32 << 20) - (64 << 10)
"""A block just small enough for glibc to take its size into account."""


def parse_memory(size: str | int) -> int:
    """Bytes, from a number or a text such as "800M" or "1.5G".

    Raises:
        UsageError: it is neither.

    >>> parse_memory("1G"), parse_memory("1.5 MB"), parse_memory(4096)
    (1073741824, 1572864, 4096)
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*", str(size), re.IGNORECASE)
    if match is None or float(match[1]) <= 0:
        msg = f"total_memory: expected bytes, or a text such as '800M' or '1G', found {size!r}"
        raise UsageError(msg)
    return int(float(match[1]) * _UNITS[match[2].upper()])


def keep_what_is_freed() -> None:
    """Have the C library keep the memory of a chunk for the next one.

    glibc gives blocks back to the system as soon as they are freed, and takes them anew page by page, which costs a
    fifth of an analysis. It keeps twice as much as the largest block that it saw freed. Elsewhere this does nothing.
    """
    np.empty(_LARGEST_KEPT, np.uint8)


def chunk_samples(trace: Trace, chunk_size: int | None, total_memory: str | int, processes: int) -> int:
    """How many samples to work on at once.

    Raises:
        UsageError: `chunk_size` is below 1, or `total_memory` is no size.
        TraceError: not even the receptive fields fit.
    """
    budget = parse_memory(total_memory)
    fields = trace.layout.num_macs * trace.layout.num_features
    if fields > budget:
        msg = (
            f"{trace.path}: expected receptive fields ({trace.layout.num_macs:,} MACs by "
            f"{trace.layout.num_features:,} features) that fit in total_memory, found {fields:,} bytes; raise "
            "total_memory"
        )
        raise TraceError(msg)
    if chunk_size is not None:
        if chunk_size < 1:
            msg = f"chunk_size: expected at least 1 sample, found {chunk_size}"
            raise UsageError(msg)
        return chunk_size
    at_work = 1 if processes == 1 else processes + 1
    spare = budget / at_work - _PROCESS_BYTES
    fitting = int(spare / bytes_per_sample(trace.layout)) // _FEWEST * _FEWEST
    return min(_MOST, max(_FEWEST, fitting))


def expected_bytes(layout: Layout, chunk_size: int, processes: int) -> int:
    """About what all processes together take, beside the states of folds, which grow with what is learnt."""
    at_work = 1 if processes == 1 else processes + 1
    return at_work * (_PROCESS_BYTES + chunk_size * bytes_per_sample(layout))


def bytes_per_sample(layout: Layout) -> int:
    """About what a sample takes while all metrics are at work on its chunk.

    Measured: 41 KB for 364 MACs of Q = 4 over 784 features with 50,000 pairs of a MAC and a feature.
    """
    pairs = int(sum(np.count_nonzero(field) for field in receptive_fields(layout)))
    codes = sum(layer.num_macs * layer.num_cms * layer.code_dtype.itemsize for layer in layout.layers)
    return 8 * layout.num_features + 4 * codes + 80 * layout.num_macs + pairs // 4
