"""What a state holds that comes out of a file: compiled loops trust the numbers in it, so they are checked before."""

from __future__ import annotations

from collections.abc import Sized
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sparsey_trace.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import DTypeLike


def check_array(
    found: Any,
    what: str,
    *,
    dtype: DTypeLike,
    shape: tuple[int | None, ...],
    lowest: int | None = None,
    below: int | None = None,
    order: Literal["", "rising", "never falling"] = "",
) -> None:
    """See that part of a state is the array that it is said to be; for `Metric.check_state`.

    Args:
        found: the part.
        what: its name, for the message.
        dtype: of its numbers.
        shape: its sides; None for one of any length.
        lowest: the least number that may be in it.
        below: what all numbers are below.
        order: how the numbers of a single row have to stand.

    Raises:
        DataError: it is something else.

    >>> check_array(np.array([0, 2, 7]), "samples", dtype=np.int64, shape=(None,), lowest=0, below=5)
    Traceback (most recent call last):
        ...
    sparsey_trace.errors.DataError: samples: expected numbers below 5, found 7
    """
    if not isinstance(found, np.ndarray) or found.dtype != np.dtype(dtype):
        kind = f"{found.dtype}" if isinstance(found, np.ndarray) else type(found).__name__
        raise _other(what, f"an array of {np.dtype(dtype)}", kind)
    if len(shape) != found.ndim or any(
        side not in (None, own) for side, own in zip(shape, found.shape, strict=True)
    ):
        raise _other(what, f"the shape {shape}", str(found.shape))
    if not found.size:
        return
    if lowest is not None and found.min() < lowest:
        raise _other(what, f"numbers of at least {lowest}", str(found.min()))
    if below is not None and found.max() >= below:
        raise _other(what, f"numbers below {below}", str(found.max()))
    # Compared, as a difference of two numbers can overflow.
    before, after = found[:-1], found[1:]
    if (order == "rising" and (after <= before).any()) or (
        order == "never falling" and (after < before).any()
    ):
        raise _other(what, f"{order} numbers", "others")


def check_number(found: Any, what: str, *, lowest: int, highest: int) -> None:
    """See that part of a state is a whole number from one to another.

    Raises:
        DataError: it is something else.
    """
    if type(found) is not int or not lowest <= found <= highest:
        raise _other(what, f"a whole number from {lowest} to {highest}", repr(found)[:80])


def check_parts(found: Any, what: str, kind: type, *, count: int | None = None) -> None:
    """See that a part of a state is of a kind, and has so many parts itself.

    Raises:
        DataError: it is something else.
    """
    if type(found) is not kind:
        raise _other(what, kind.__name__, type(found).__name__)
    if count is not None and isinstance(found, Sized) and len(found) != count:
        raise _other(what, f"{count} parts", str(len(found)))


def _other(what: str, expected: str, found: str) -> DataError:
    return DataError(f"{what}: expected {expected}, found {found}")
