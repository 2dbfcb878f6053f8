"""Sums of real numbers that don't depend on the order of adding.

Floating-point sums change with their order, and so with chunks and processes. Here every number is
cut into integers of at most 24 bits, each counted in units of a fixed power of two; sums of these are
exact. Zeros and ones, and other small whole numbers, need one such part; grey values two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH = 24
HIGHEST, LOWEST = 1008, -1080
"""Units 2^1008 down to 2^-1080 cover every finite float64, the smallest (2^-1074) included."""


def parts_of(values: NDArray[Any]) -> dict[int, NDArray[Any]]:
    """Cut numbers into whole parts.

    Args:
        values: any shape; integers or floats; finite.

    Returns:
        Exponent e to an array of whole numbers below 2^24 in size, in units of 2^e: the sum of all
        parts is the number, exactly. float32 where the numbers are small whole ones, else float64.

    >>> {e: part.tolist() for e, part in parts_of(np.float32([0.5, 3])).items()}
    {0: [0.0, 3.0], -24: [8388608.0, 0.0]}
    """
    if values.dtype.kind in "iub":
        return _whole_parts(values)
    rest = values.astype(np.float64)
    parts: dict[int, NDArray[Any]] = {}
    bits = int(np.frexp(np.abs(rest).max(initial=0))[1])
    for exponent in range((bits - 1) // WIDTH * WIDTH, LOWEST - 1, -WIDTH):
        if not rest.any():
            break
        part = np.trunc(np.ldexp(rest, -exponent))
        if part.any():
            parts[exponent] = part
            rest = rest - np.ldexp(part, exponent)
    return parts


def _whole_parts(values: NDArray[Any]) -> dict[int, NDArray[Any]]:
    low, high = int(values.min(initial=0)), int(values.max(initial=0))
    if max(-low, high) < 1 << WIDTH:
        return {0: values.astype(np.float32)}
    signs = np.where(values < 0, -1.0, 1.0)
    # As -2^63 has no int64 for its size.
    sizes = np.where(values < 0, np.negative(values.astype(np.uint64)), values.astype(np.uint64))
    mask = np.uint64((1 << WIDTH) - 1)
    cut = {e: (sizes >> np.uint64(e)) & mask for e in range(0, 64, WIDTH)}
    return {exponent: signs * part for exponent, part in cut.items() if part.any()}


def total(parts: dict[int, NDArray[np.int64]], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """What the summed parts come to, lowest unit first: the same float64s for the same sums."""
    result = np.zeros(shape)
    for exponent in sorted(parts):
        result += np.ldexp(parts[exponent].astype(np.float64), exponent)
    return result


def add(
    first: dict[int, NDArray[np.int64]], second: dict[int, NDArray[np.int64]]
) -> dict[int, NDArray[np.int64]]:
    """The parts of two sums, added."""
    joined = dict(first)
    for exponent, part in second.items():
        joined[exponent] = joined[exponent] + part if exponent in joined else part
    return joined
