"""Machine code in this process: brought there by LLVM, called by ctypes, without the interpreter's lock."""

from __future__ import annotations

import ctypes
import functools
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import binding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.kernels.kept_code import KeptCode

_RETURNS: dict[str, Any] = {"none": None, "int64": ctypes.c_int64, "float64": ctypes.c_double}
_NUMBERS_OF_KERNELS = itertools.count()
_NUMBERS: dict[type, Any] = {int: ctypes.c_int64, float: ctypes.c_double}


class UnknownNumbaError(RuntimeError):
    """What is used of Numba, or of its LLVM, isn't there, or isn't what it was."""


def _asked_address(array: NDArray[Any]) -> int | None:
    return array.ctypes.data


def _read_address(array: NDArray[Any]) -> int | None:
    """The same in a tenth of the time, as kernels take up to twenty arrays.

    In NumPy's C interface the address of the data is the first thing behind what each object of Python begins with.
    """
    return ctypes.c_void_p.from_address(id(array) + object.__basicsize__).value


_PROBE = np.arange(3)
address_of = _read_address if _read_address(_PROBE) == _asked_address(_PROBE) else _asked_address
"""Where the values of an array begin."""


@functools.cache
def _linker() -> Any:
    try:
        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        return binding.create_lljit_compiler()
    except (AttributeError, RuntimeError) as error:
        msg = f"{type(error).__name__}: {error}"
        raise UnknownNumbaError(msg) from error


class MachineCode:
    """A kernel that can be called.

    Numba hands over an array as its owner, whose references we don't let it count, its size, the size of an element,
    the address, the shape and the strides; before all arguments stand two addresses, for what is given back and for an
    error; what the function itself gives back is 0 where all went well.
    """

    def __init__(self, made: KeptCode, args: tuple[Any, ...]) -> None:
        """Bring it into the process.

        Args:
            made: what to bring.
            args: the first arguments: with others of the same types it can be called.

        Raises:
            TypeError: an argument is neither an array nor an int or a float, or another number is given back.
            UnknownNumbaError: this LLVM can't bring it there.
        """
        types = types_of(args)
        if made.returns not in _RETURNS:
            msg = f"{made.symbol}: expected a kernel that gives back nothing, int64 or float64, found {made.returns}"
            raise TypeError(msg)
        self._returns = _RETURNS[made.returns]
        builder = binding.JITLibraryBuilder().add_object_img(made.code).add_current_process()
        self._stays = builder.export_symbol(made.symbol).link(
            _linker(), f"kernel {next(_NUMBERS_OF_KERNELS)}"
        )
        function = ctypes.CFUNCTYPE(ctypes.c_int32, *types)
        self._function = function(self._stays[made.symbol])

    def __call__(self, *args: Any) -> Any:
        """Call it, with arguments of the types it is for."""
        result, error = (self._returns or ctypes.c_int64)(), ctypes.c_int64()
        flat: list[Any] = []
        for arg in args:
            if isinstance(arg, np.ndarray):
                flat += (None, None, arg.size, arg.itemsize, address_of(arg), *arg.shape, *arg.strides)
            else:
                flat.append(arg)
        if status := self._function(ctypes.addressof(result), ctypes.addressof(error), *flat):
            msg = f"a kernel failed with status {status}"
            raise RuntimeError(msg)
        return result.value if self._returns else None


def types_of(args: tuple[Any, ...]) -> list[Any]:
    """Of all that is handed over with these arguments.

    Raises:
        TypeError: one is neither an array nor an int or a float.
    """
    return [ctypes.c_void_p, ctypes.c_void_p, *[found for arg in args for found in _types(arg)]]


def _types(arg: Any) -> list[Any]:
    if isinstance(arg, np.ndarray):
        return [ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * 2, ctypes.c_void_p] + [
            ctypes.c_int64
        ] * (2 * arg.ndim)
    if type(arg) not in _NUMBERS:
        msg = f"a kernel: expected arrays, int and float, found {type(arg).__name__}"
        raise TypeError(msg)
    return [_NUMBERS[type(arg)]]
