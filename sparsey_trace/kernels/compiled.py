"""How kernels are compiled."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import sys
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

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
    from numba import njit
    from numba.core import event


class _Compiling(event.Listener):  # type: ignore[misc]
    """Tells who waits for a bar why it stands still: a first analysis compiles for longer than it computes.

    Meanwhile nothing is looked for that could be freed: the compiler makes a million small objects that all stay.
    """

    depth = 0
    collects = False

    def on_start(self, event: object) -> None:
        if not self.depth:
            waiting_for("compiling, once")
            self.collects = gc.isenabled()
            gc.disable()
        self.depth += 1

    def on_end(self, event: object) -> None:
        self.depth -= 1
        if not self.depth:
            if self.collects:
                gc.enable()
            waiting_for("")


event.register("numba:compile", _Compiling())


def compiled(function: Function) -> Function:
    """A function compiled for the types it is called with, and kept on disk for the next process.

    Where neither the package's folder nor the user's cache can be written, each process compiles anew. What takes long
    to compile is each array that is made inside, so those who call give all of them.
    """
    options = {"nogil": True, "no_cfunc_wrapper": True}
    try:
        return njit(cache=True, **options)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        return njit(**options)(function)  # type: ignore[no-any-return]


def inlined(function: Function) -> Function:
    """A piece of compiled functions, written out wherever they call it: each would compile it again anyway."""
    return njit(inline="always")(function)  # type: ignore[no-any-return]
