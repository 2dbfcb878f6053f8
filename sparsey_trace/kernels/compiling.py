"""How a kernel becomes machine code: by Numba, which is loaded for this only."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib.metadata
import importlib.util
import re
import sys
import warnings
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from sparsey_trace.kernels.kept_code import KeptCode
from sparsey_trace.kernels.machine_code import UnknownNumbaError, types_of
from sparsey_trace.kernels.waiting import waiting_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LLVM_TYPES = {ctypes.c_void_p: r"ptr|.*\*", ctypes.c_int64: "i64", ctypes.c_double: "double"}
"""What LLVM calls them; a pointer one way or the other, by its version."""

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


@contextlib.contextmanager
def _said() -> Iterator[None]:
    """Tell who waits for a bar why it stands still: a first analysis compiles for longer than it computes.

    Meanwhile nothing is looked for that could be freed: the compiler makes a million small objects that all stay.
    """
    collects = gc.isenabled()
    waiting_for("compiling, once")
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
        waiting_for("")


def compile_for(function: Callable[..., Any], args: tuple[Any, ...]) -> KeptCode:
    """Compile a kernel for the types of these arguments.

    Without what only Numba's own callers would need: what takes Python's objects, and what counts references.

    Raises:
        UnknownNumbaError: this Numba gives no machine code that `MachineCode` can call.
    """
    expected = [_LLVM_TYPES[kind] for kind in types_of(args)]
    with _said():
        try:
            return _machine_code_of(function, args, expected)
        except (AttributeError, ImportError, KeyError, TypeError, ValueError) as error:
            msg = f"{type(error).__name__}: {error}"
            raise UnknownNumbaError(msg) from error


def _machine_code_of(function: Callable[..., Any], args: tuple[Any, ...], expected: list[str]) -> KeptCode:
    with _scipy_unopened():
        importlib.import_module("numba.np.arraymath")
        from numba import njit, typeof
    made = njit(no_cfunc_wrapper=True, no_cpython_wrapper=True, _nrt=False)(_for_compiler(function))
    made.compile(tuple(map(typeof, args)))
    (result,) = made.overloads.values()
    _check_order(result, expected)
    _, _, (code, _) = result.library.serialize_using_object_code()
    return KeptCode(result.fndesc.llvm_func_name, str(result.signature.return_type), bytes(code))


def _check_order(result: Any, expected: list[str]) -> None:
    """How arguments are handed over is Numba's own affair: other versions may do it otherwise, and would crash."""
    function = result.library._final_module.get_function(result.fndesc.llvm_func_name)
    found = [str(argument.type) for argument in function.arguments]
    if len(found) != len(expected) or not all(map(re.fullmatch, expected, found)):
        msg = "arguments of compiled functions are handed over in another way"
        raise UnknownNumbaError(msg)


def for_this_process(function: Callable[..., Any], error: UnknownNumbaError) -> Callable[..., Any]:
    """A kernel by nothing but Numba's public names: correct with any, compiled anew in each process.

    Args:
        function: the kernel.
        error: why it can't be machine code that is kept; it is told as a warning.
    """
    from numba import njit

    warnings.warn(
        f"numba {importlib.metadata.version('numba')} is not a version that sparsey-trace knows ({error}): kernels are "
        "compiled anew in each process, which takes ten seconds and more; install one that it knows: constraints.txt "
        "has it",
        RuntimeWarning,
        stacklevel=2,
    )
    return njit(nogil=True)(_for_compiler(function))  # type: ignore[no-any-return]


def as_inlined(function: Callable[..., Any]) -> Any:
    """What Numba writes out wherever it is called."""
    from numba import njit

    return njit(inline="always")(_for_compiler(function))


def _for_compiler(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with what Numba has to see in place of the pieces that it calls."""
    names = {
        name: value.for_compiler() if hasattr(value, "for_compiler") else value
        for name, value in function.__globals__.items()
        if name in function.__code__.co_names or name.startswith("__")
    }
    return FunctionType(function.__code__, names, function.__name__, function.__defaults__)
