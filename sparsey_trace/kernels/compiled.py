"""Kernels: compiled once for the types they are called with, and kept as machine code for the processes that follow.

A process that finds all of its kernels kept doesn't load Numba: to load it, and what it keeps itself, takes longer
than to analyse a small trace.
"""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from sparsey_trace.kernels.kept_code import keep, kept, name_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = TypeVar("Function", bound=Callable[..., object])

_ONE_AT_A_TIME = threading.RLock()
_C_ORDER, _OTHER_ORDERS, _ALIGNED_AND_WRITEABLE = 0x1, 0x2, 0x500


def compiled(function: Function) -> Function:
    """A kernel: takes C-ordered or other arrays, whole numbers and fractions; gives back a number, or nothing.

    Where neither the package's folder nor the user's cache can be written, each process compiles anew. Kernels are
    given all of their arrays: none can be made inside. What is in them is at most an `inlined` piece: no kernel calls
    another, and none raises an error.
    """
    known: dict[tuple[object, ...], Callable[..., Any]] = {}

    @functools.wraps(function)
    def call(*args: Any) -> Any:
        kind = tuple([_kind(arg) for arg in args])
        code = known.get(kind)
        if code is None:
            with _ONE_AT_A_TIME:
                code = known[kind] = known.get(kind) or _machine_code(function, args, kind)
        return code(*args)

    return call  # type: ignore[return-value]


def inlined(function: Function) -> Function:
    """A piece of kernels, written out wherever they call it."""

    def for_compiler() -> Any:
        from sparsey_trace.kernels.compiling import as_inlined

        return as_inlined(function)

    function.for_compiler = for_compiler  # type: ignore[attr-defined]
    return function


def _kind(value: Any) -> object:
    """What machine code is made for: of an array its dtype, axes and order; of a number its type."""
    if not isinstance(value, np.ndarray):
        return type(value).__name__
    flags = value.flags.num
    order = _C_ORDER if flags & _C_ORDER else flags & _OTHER_ORDERS
    return value.dtype.str, value.ndim, flags & _ALIGNED_AND_WRITEABLE | order


def _machine_code(
    function: Callable[..., Any], args: tuple[Any, ...], kind: tuple[object, ...]
) -> Callable[..., Any]:
    """What is kept for these types; else what is compiled now, and kept.

    With a Numba that isn't known there is nothing that could be: it compiles for this process, and calls.
    """
    from sparsey_trace.kernels.machine_code import MachineCode, UnknownNumbaError

    name = name_of(function, kind)
    code = kept(name)
    try:
        if code is None:
            from sparsey_trace.kernels.compiling import compile_for

            code = compile_for(function, args)
            keep(name, code)
        return MachineCode(code, args)
    except UnknownNumbaError as error:
        from sparsey_trace.kernels.compiling import for_this_process

        return for_this_process(function, error)
