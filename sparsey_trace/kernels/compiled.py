"""How kernels are compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from numba import njit, types

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """A function compiled for the types it is called with, and kept on disk for the next process.

    Where neither the package's folder nor the user's cache can be written, each process compiles anew. A function
    with a private name can be called by other compiled ones only.
    """
    private = function.__name__.startswith("_")
    options = {"nogil": True, "no_cpython_wrapper": private, "no_cfunc_wrapper": private}
    try:
        made: Function = njit(cache=True, **options)(function)
    except RuntimeError:
        made = njit(**options)(function)
    _forget_literals(made)
    return made


def _forget_literals(made: Any) -> None:
    """Compiled functions that call this one ask for it with any number, never once more with a number that is known.

    Numba looks at a loop before it knows that what is 0 at first changes in it, and compiled what is called there for
    0 as well: a third of the time that kernels took.
    """
    get_call_template = made.get_call_template
    made.get_call_template = lambda args, kws: get_call_template(tuple(map(types.unliteral, args)), kws)
