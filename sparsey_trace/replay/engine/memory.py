"""How many samples to work on at once, for the memory that may be taken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.errors import TraceError, UsageError
from sparsey_trace.metrics.folding.recalled_codes import KEPT_CODES_BYTES
from sparsey_trace.metrics.wiring.receptive_fields import receptive_fields
from sparsey_trace.replay.engine.rows import RowBytes

if TYPE_CHECKING:
    from sparsey_trace.layout import Layout
    from sparsey_trace.trace.reading.trace import Trace

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_PROCESS_BYTES = 160 << 20
"""What a process takes before it reads its first chunk: the interpreter, numpy, HDF5, Arrow."""
_FEWEST, _MOST = 64, 4096
_NO_ROWS = RowBytes()

KEPT_BYTES = 96 << 20
"""Kept decompressed of a trace: the codes of some 60,000 samples of 400 MACs with Q = 4."""

_REAL_BYTES = 32 << 20
"""What the sums of real inputs are made in, at once."""

_PAIR_BYTES, _EDGE_BYTES = 48, 8
"""What a pair of a MAC and a feature in its field takes, and each source that it has the feature from; measured."""

_LARGEST_KEPT = (32 << 20) - (64 << 10)
"""A block just small enough for glibc to take its size into account."""


def parse_memory(size: str | int, *, name: str = "total_memory") -> int:
    """Bytes, from a number or a text such as "800M" or "1.5G".

    Args:
        size: either.
        name: of the argument that it is.

    Raises:
        UsageError: it is neither.

    >>> parse_memory("1G"), parse_memory("1.5 MB"), parse_memory(4096)
    (1073741824, 1572864, 4096)
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*", str(size), re.IGNORECASE)
    if match is None or float(match[1]) <= 0:
        msg = f"{name}: expected bytes, or a text such as '800M' or '1G', found {size!r}"
        raise UsageError(msg)
    return int(float(match[1]) * _UNITS[match[2].upper()])


def keep_what_is_freed() -> None:
    """Have the C library keep the memory of a chunk for the next one.

    glibc gives blocks back to the system as soon as they are freed, and takes them anew page by page, which costs a
    fifth of an analysis. It keeps twice as much as the largest block that it saw freed. Elsewhere this does nothing.
    """
    np.empty(_LARGEST_KEPT, np.uint8)


def chunk_samples(
    trace: Trace,
    fields: frozenset[str],
    chunk_size: int | None,
    total_memory: str | int,
    jobs: int,
    processes: int = 1,
    rows: RowBytes = _NO_ROWS,
) -> int:
    """How many samples to work on at once.

    Args:
        trace: the trace.
        fields: what is read of it: of `inputs`, `codes`, `active` and `values`.
        chunk_size: how many samples are asked for; None for as many as fit.
        total_memory: what may be taken.
        jobs: how many work at the same time.
        processes: how many processes these are in, with the one that drives them.
        rows: what rows take that wait to be written.

    Raises:
        UsageError: `chunk_size` is below 1, or `total_memory` is no size.
        TraceError: not even what the layout takes and one sample fit.
    """
    budget = parse_memory(total_memory)
    needed = layout_bytes(trace.layout, fields, limit=budget) + _shared_bytes(trace, fields)
    if needed <= budget:
        each = bytes_per_sample(trace.layout, fields)
    if needed > budget or needed + each > budget:
        raise TraceError(_too_wide(trace, budget))
    if chunk_size is not None:
        if chunk_size < 1:
            msg = f"chunk_size: expected at least 1 sample, found {chunk_size}"
            raise UsageError(msg)
        return chunk_size
    spare = budget - needed - rows.fixed - processes * _PROCESS_BYTES
    fitting = int(spare / (_at_work(jobs) * each + rows.per_sample))
    return min(_MOST, max(_FEWEST, fitting // _FEWEST * _FEWEST))


def _too_wide(trace: Trace, budget: int) -> str:
    layout = trace.layout
    return (
        f"{trace.path}: expected wiring ({layout.num_macs:,} MACs over {layout.num_features:,} features) that can be "
        f"analysed in total_memory ({budget:,} bytes), found that it takes more; raise total_memory"
    )


def expected_bytes(
    trace: Trace,
    fields: frozenset[str],
    chunk_size: int,
    jobs: int,
    processes: int = 1,
    rows: RowBytes = _NO_ROWS,
) -> int:
    """About what all processes together take, beside the states of folds, which grow with what is learnt."""
    chunks = chunk_size * (_at_work(jobs) * bytes_per_sample(trace.layout, fields) + rows.per_sample)
    shared = layout_bytes(trace.layout, fields) + _shared_bytes(trace, fields)
    return shared + processes * _PROCESS_BYTES + chunks + rows.fixed


def _shared_bytes(trace: Trace, fields: frozenset[str]) -> int:
    """What is kept of the samples for all chunks, and where real inputs are summed."""
    real = "inputs" in fields and trace.input_kind != "binary"
    codes = sum(
        layer.num_macs * (layer.num_cms * layer.code_dtype.itemsize + 1) for layer in trace.layout.layers
    )
    inputs = trace.layout.num_features * (8 if real else 1) if "inputs" in fields else 0
    kept = min(KEPT_BYTES, len(trace) * (codes + inputs)) + min(KEPT_CODES_BYTES, len(trace) * codes)
    return kept + (_REAL_BYTES if real else 0)


def _at_work(jobs: int) -> int:
    return 1 if jobs == 1 else jobs + 1


def layout_bytes(layout: Layout, fields: frozenset[str], *, limit: int | None = None) -> int:
    """About what the receptive fields take, and the pairs of a MAC and a feature that metrics make of them.

    Args:
        layout: of the model.
        fields: what is read of the trace; without inputs fields aren't asked for.
        limit: beyond so many bytes nothing more is made, or counted.
    """
    if not {"inputs", "active"} <= fields:
        return 0
    found, needed = receptive_fields(layout), 0
    for layer in range(len(found)):
        # Looked at before the fields are made: a small file can say that many MACs listen to many.
        needed += _EDGE_BYTES * found.num_heard(layer)
        if limit is not None and needed > limit:
            return needed
        needed += _PAIR_BYTES * len(found[layer].features)
    return needed


def bytes_per_sample(layout: Layout, fields: frozenset[str]) -> int:
    """About what a sample takes while all metrics that read these fields are at work on its chunk.

    Measured: 45 KB for 364 MACs of Q = 4 over 784 features with 50,000 pairs of a MAC and a feature.
    """
    codes = sum(layer.num_macs * layer.num_cms * layer.code_dtype.itemsize for layer in layout.layers)
    own = 4 * codes + 80 * layout.num_macs + (32 * layout.num_macs if "values" in fields else 0)
    if "inputs" not in fields:
        return own
    own += 8 * layout.num_features
    if "active" not in fields:
        return own
    chances = 12 * layout.num_macs  # of cosines, beside these
    return own + chances + sum(len(field.features) for field in receptive_fields(layout)) // 4
