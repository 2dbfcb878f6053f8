"""Arrays of numbers, out of whatever is handed over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def as_numbers(given: Any, what: str) -> NDArray[Any]:
    """Anything that is an array of numbers or booleans, as one.

    Args:
        given: the array, or what numpy can make one of.
        what: what it is, for messages.

    Raises:
        DataError: it is something else.
    """
    try:
        array = np.asarray(given)
    except (ValueError, TypeError, RuntimeError, OverflowError) as error:
        msg = f"{what}: expected an array of numbers, found {type(given).__name__}: {error}"
        raise DataError(msg) from error
    if array.dtype.kind not in "biuf":
        msg = f"{what}: expected an array of numbers, found {array.dtype} of shape {array.shape}"
        raise DataError(msg)
    return array
