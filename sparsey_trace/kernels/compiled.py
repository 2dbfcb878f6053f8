"""How kernels are compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """A function compiled for the types it is called with, and kept on disk for the next process.

    Where neither the package's folder nor the user's cache can be written, each process compiles anew.
    """
    try:
        made: Function = njit(cache=True, nogil=True)(function)
    except RuntimeError:
        made = njit(nogil=True)(function)
    return made
