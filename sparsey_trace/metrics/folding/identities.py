"""What tells inputs apart: the same for equal numbers, however a trace keeps them.

A run's inputs may be kept as bits first and, where it was resumed, as whole or real numbers later. What was learnt of
them before stands then, as an input is told by the smallest of these that holds all its numbers: bits, float32,
float64, int64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.metrics.folding.draws import digests
from sparsey_trace.support.bitsets import packed_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

IDENTITY = np.dtype((np.void, 16))
_AT_ONCE = 1024
"""Features looked at before inputs that aren't zeros and ones are left aside: most are known for it by then."""
_WHOLE = 1 << 53
"""Up to this size float64 holds every whole number."""


def identities(inputs: NDArray[Any], on_bits: NDArray[np.uint8] | None = None) -> NDArray[np.void]:
    """[n] 16 bytes, the same for the same input: BLAKE2b digests of all its values.

    Args:
        inputs: [n, D], as metrics take them.
        on_bits: [n, ceil(D / 8)] uint8, their packed features, where known.

    >>> kept = np.array([[0, 1, 1]]), np.array([[0, 1, 1.0]]), np.array([[0, 1, 1]], np.uint8)
    >>> len({identities(inputs)[0].tobytes() for inputs in kept})
    1
    """
    if inputs.dtype == np.uint8:
        return digests(packed_rows(inputs) if on_bits is None else on_bits, size=16)
    found = np.empty(len(inputs), IDENTITY)
    rest = np.ones(len(inputs), np.bool_)
    rest[bits := _of_bits(inputs)] = False
    if len(bits):
        packed = packed_rows(inputs[bits] != 0) if on_bits is None else on_bits[bits]
        found[bits] = digests(packed, size=16)
    if len(bits) < len(inputs):
        found[rest] = _of_numbers(inputs[rest] if len(bits) else inputs)
    return found


def _of_bits(inputs: NDArray[Any]) -> NDArray[np.int64]:
    """Which of the inputs [n, D] are zeros and ones."""
    which = np.arange(len(inputs))
    for start in range(0, inputs.shape[1], _AT_ONCE):
        part = inputs[:, start : start + _AT_ONCE]
        part = part if len(which) == len(inputs) else part[which]
        which = which[((part == 0) | (part == 1)).all(axis=1)]
        if not len(which):
            break
    return which


def _of_numbers(inputs: NDArray[Any]) -> NDArray[np.void]:
    """Identities of inputs [n, D] that aren't bits."""
    if inputs.dtype == np.float32:
        return _digests(inputs)
    found = np.empty(len(inputs), IDENTITY)
    is_whole = inputs.dtype.kind == "i"
    fits = (
        ((inputs >= -_WHOLE) & (inputs <= _WHOLE)).all(axis=1) if is_whole else np.ones(len(inputs), np.bool_)
    )
    with np.errstate(over="ignore"):
        is_single = fits & (inputs.astype(np.float32) == inputs).all(axis=1)
    for which, kind in ((is_single, np.float32), (fits & ~is_single, np.float64), (~fits, np.int64)):
        if which.any():
            found[which] = _digests(inputs[which].astype(kind))
    return found


def _digests(inputs: NDArray[Any]) -> NDArray[np.void]:
    # Adding zero makes the two zeros one.
    return digests(inputs + inputs.dtype.type(0), size=16)
