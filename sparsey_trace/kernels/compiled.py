"""How kernels are compiled."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from sparsey_trace.kernels.waiting import waiting_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Function = TypeVar("Function", bound=Callable[..., object])

_BLAS = "scipy.linalg.cython_blas"


@contextlib.contextmanager
def _scipy_unopened() -> Iterator[None]:
    """Numba asks whether scipy has its BLAS by importing it: a third of what Numba itself takes, for what we don't use.

    It is told that scipy is there, if it is; code that needs BLAS imports the true one when it is compiled.
    """
    if "scipy.linalg" in sys.modules or importlib.util.find_spec("scipy") is None:
        yield
        return
    sys.modules[_BLAS] = ModuleType(_BLAS)
    try:
        yield
    finally:
        del sys.modules[_BLAS]


with _scipy_unopened():
    importlib.import_module("numba.np.arraymath")
    from numba import njit, types
    from numba.core import event


class _Compiling(event.Listener):  # type: ignore[misc]
    """Tells who waits for a bar why it stands still: the first analysis compiles for longer than it computes."""

    depth = 0

    def on_start(self, event: object) -> None:
        self.depth += 1
        waiting_for("compiling, once")

    def on_end(self, event: object) -> None:
        self.depth -= 1
        if not self.depth:
            waiting_for("")


event.register("numba:compile", _Compiling())


def compiled(function: Function) -> Function:
    """A function compiled for the types it is called with, and kept on disk for the next process.

    Where neither the package's folder nor the user's cache can be written, each process compiles anew. A function
    with a private name can be called by other compiled ones only.
    """
    private = function.__name__.startswith("_")
    options = {"nogil": True, "no_cpython_wrapper": private, "no_cfunc_wrapper": True}
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
