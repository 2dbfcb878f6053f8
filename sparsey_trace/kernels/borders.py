"""What is checked where numbers enter a kernel: compiled loops look at none of the indices that they follow.

Such numbers may come from a file. Each check reads an array once, of which the kernel makes far more.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Given = ParamSpec("Given")
    Result = TypeVar("Result")


def bordered(
    check: Callable[Given, None],
) -> Callable[[Callable[Given, Result]], Callable[Given, Result]]:
    """A kernel whose arguments are checked before each call; compiled functions can't call it.

    Args:
        check: takes what the kernel takes, and raises where that leads out of an array.
    """

    def with_border(kernel: Callable[Given, Result]) -> Callable[Given, Result]:
        @functools.wraps(kernel)
        def call(*args: Given.args, **kwargs: Given.kwargs) -> Result:
            check(*args, **kwargs)
            return kernel(*args, **kwargs)

        return call

    return with_border


def check_indices(indices: NDArray[np.integer[Any]], count: int, what: str) -> None:
    """See that indices lead to one of so many things.

    Raises:
        IndexError: one doesn't.

    >>> import numpy as np
    >>> check_indices(np.array([0, -1]), 5, "group")
    Traceback (most recent call last):
        ...
    IndexError: group: expected indices from 0 to 4, found others
    """
    # One look at all of them: as an unsigned number, what is negative is too large as well.
    if indices.size and not int(indices.view(f"u{indices.itemsize}").max()) < count:
        msg = f"{what}: expected indices from 0 to {count - 1}, found others"
        raise IndexError(msg)


def check_ends(ends: NDArray[np.int64], most: int, what: str) -> None:
    """See that ends of stretches, one behind the other, never fall and lie in something of a length.

    Raises:
        IndexError: they don't.

    >>> import numpy as np
    >>> check_ends(np.array([2, 5]), 4, "ends")
    Traceback (most recent call last):
        ...
    IndexError: ends: expected numbers from 0 to 4 that never fall, found others
    """
    if len(ends) and not (ends[0] >= 0 and ends[-1] <= most and (ends[1:] >= ends[:-1]).all()):
        msg = f"{what}: expected numbers from 0 to {most} that never fall, found others"
        raise IndexError(msg)


def check_equal(what: str, *sizes: int | tuple[int, ...]) -> None:
    """See that lengths, or shapes, are the same.

    Raises:
        IndexError: they aren't.

    >>> check_equal("samples", 2, 3)
    Traceback (most recent call last):
        ...
    IndexError: samples: expected equal sizes, found 2, 3
    """
    if any(size != sizes[0] for size in sizes):
        msg = f"{what}: expected equal sizes, found {', '.join(map(str, sizes))}"
        raise IndexError(msg)


def check_room(room: int, needed: int, what: str) -> None:
    """See that there is room for what will be written or read.

    Raises:
        IndexError: there isn't.

    >>> check_room(2, 3, "codes")
    Traceback (most recent call last):
        ...
    IndexError: codes: expected room for 3, found room for 2
    """
    if room < needed:
        msg = f"{what}: expected room for {needed}, found room for {room}"
        raise IndexError(msg)
