"""How inputs are kept: which kind holds given values exactly, which holds those of two, and from one to another.

Kinds of whole numbers hold each other in the order of `WHOLE`, those of real ones in the order of `REAL`. A real kind
holds whole numbers too, up to a size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import DataError
from sparsey_trace.support.bitsets import packed_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from sparsey_trace.layout import Layout
    from sparsey_trace.trace.format import schema

WHOLE = ("binary", "uint8", "int32", "int64")
REAL = ("float16", "float32", "float64")

_MOST = {"float16": 1 << 11, "float32": 1 << 24, "float64": 1 << 53}
"""Up to which size a real kind holds every whole number."""
_LARGEST = {"binary": 1, "uint8": 255, "int32": 1 << 31, "int64": 1 << 63}
"""Sizes of the largest number of a whole kind."""


class UnfitInputsError(DataError):
    """Inputs that another kind would hold."""


def kind_of(inputs: NDArray[Any] | None) -> str:
    """The kind of input column that fits: the smallest one of whole numbers; real numbers keep their dtype.

    float64 is kept as float32, unless a trace is told otherwise, or a number is too small or too large for it: it would
    become 0, so that its feature weren't on, or infinite.

    >>> kind_of(np.array([[0, 1.0]])), kind_of(np.array([[0.5]])), kind_of(None), kind_of(np.array([[0, 7]]))
    ('binary', 'float32', 'none', 'uint8')
    >>> kind_of(np.array([[0.5, 1e-60]])), kind_of(np.array([[0.5, 1e60]]))
    ('float64', 'float64')
    """
    if inputs is None:
        return "none"
    if is_binary(inputs):
        return "binary"
    if inputs.dtype.kind == "f":
        return "float16" if inputs.dtype == np.float16 else "float32" if _is_in_float32(inputs) else "float64"
    return next((kind for kind in WHOLE[1:] if _is_within(inputs, kind)), "int64")


def wider_kind(kept: str, inputs: NDArray[Any], *, largest: int, where: str) -> str:
    """The smallest kind that holds what is kept, and these inputs too.

    Args:
        kept: the kind so far.
        inputs: what comes.
        largest: the size of the largest whole number so far, if the kind is `int64`.
        where: the file and step, for the message.

    Raises:
        DataError: no kind holds both.

    >>> wider_kind("binary", np.array([[2**40]]), largest=0, where=""), wider_kind(
    ...     "int32", np.array([[0.5]]), largest=0, where=""
    ... )
    ('int64', 'float64')
    """
    new = kind_of(inputs)
    if kept in REAL and new in WHOLE:
        size = int(max(abs(int(inputs.min())), abs(int(inputs.max()))))
    else:
        size = largest if kept == "int64" else _LARGEST.get(kept, 0)
    found = joint_kind([kept, new], largest=size)
    if found is None:
        msg = (
            f"{where}: inputs: expected whole numbers of at most {_MOST['float64']:,} where a run has real "
            f"inputs too, found {size:,}; record these in a run of their own, or with inputs='none'"
        )
        raise DataError(msg)
    return found


def joint_kind(kinds: Iterable[str], *, largest: int | None = None) -> str | None:
    """The smallest kind that holds what all of them hold; None where that can't be, or only some are `none`.

    Args:
        kinds: of which there is one at least.
        largest: the size of the largest whole number there is; by default, that their kinds can hold, but for
            `int64`, of which float64 holds what it can.

    >>> joint_kind(["binary", "float32"]), joint_kind(["int32", "float16"]), joint_kind(["none", "binary"])
    ('float32', 'float64', None)
    """
    found = set(kinds)
    if len(found) == 1:
        return found.pop()
    if "none" in found:
        return None
    whole, real = ([kind for kind in order if kind in found] for order in (WHOLE, REAL))
    if not real:
        return whole[-1]
    if not whole:
        return real[-1]
    size = min(_LARGEST[whole[-1]], _MOST["float64"]) if largest is None else largest
    return next((kind for kind in REAL[REAL.index(real[-1]) :] if size <= _MOST[kind]), None)


def encode_inputs(layout: Layout, column: schema.Column, inputs: NDArray[Any], where: str) -> NDArray[Any]:
    """[B, bytes or D] as it is stored, from [B, D] or [B, *input_shape].

    Raises:
        UnfitInputsError: the column's kind doesn't hold them exactly.
        DataError: their shape is another, or no kind holds them.
    """
    shapes = {(layout.num_features,), layout.input_shape}
    if inputs.shape[1:] not in shapes:
        wanted = " or ".join(str(("B", *shape)).replace("'", "") for shape in sorted(shapes, key=len))
        msg = f"{where}: inputs: expected shape {wanted}, found {inputs.shape}"
        raise DataError(msg)
    flat = inputs.reshape(len(inputs), -1)
    if column.bits:
        return _bits(flat, where)
    return _whole(flat, column, where) if column.dtype.kind in "iu" else _real(flat, column, where)


def is_binary(inputs: NDArray[Any]) -> bool:
    """Whether all are 0 or 1."""
    return inputs.dtype == np.bool_ or np.array_equal(inputs != 0, inputs == 1)


def is_finite(values: NDArray[Any]) -> bool:
    """Whether all are finite, of any real dtype."""
    if values.dtype.kind != "f":
        return True
    # The sum of finite values is finite, or too large, and no other: a look at each takes four times as long.
    with np.errstate(over="ignore", invalid="ignore"):
        total = values.sum(dtype=np.promote_types(values.dtype, np.float32))
    return bool(np.isfinite(total) or np.isfinite(values).all())


def recoded(stored: NDArray[Any], old: schema.Column, new: schema.Column) -> NDArray[Any]:
    """Inputs [n, ...] as another column stores them, which is of a wider kind.

    Raises:
        ValueError: it doesn't hold one of them exactly.
    """
    if (old.dtype, old.bits) == (new.dtype, new.bits):
        return stored
    values = old.decode(stored)
    found = values.astype(new.dtype)
    if len(wrong := _rounded(values, found)):
        msg = f"{values[tuple(wrong[0])]}, which {new.dtype} doesn't hold exactly"
        raise ValueError(msg)
    return found


def for_metrics(inputs: NDArray[Any], kind: str) -> NDArray[Any]:
    """Inputs [n, D] as metrics take them: uint8 zeros and ones, or real numbers, or int64 that these can't hold."""
    return inputs.astype(dtype_for_metrics(kind), copy=False)


def dtype_for_metrics(kind: str) -> np.dtype[Any]:
    """The dtype of inputs as metrics take them.

    Whoever looks at it can tell zeros and ones: no other kind is uint8 here.

    >>> [str(dtype_for_metrics(kind)) for kind in ("binary", "uint8", "int32", "float16", "float64")]
    ['uint8', 'float32', 'int64', 'float32', 'float64']
    """
    if kind in ("int32", "int64"):
        return np.dtype(np.int64)
    return np.dtype(np.float64 if kind == "float64" else np.uint8 if kind == "binary" else np.float32)


def _bits(flat: NDArray[Any], where: str) -> NDArray[Any]:
    on = flat != 0
    if flat.dtype != np.bool_ and not np.array_equal(on, flat == 1):
        msg = (
            f"{where}: inputs: expected zeros and ones, as inputs='binary' keeps, found other values; "
            "record with inputs='auto' to keep all"
        )
        raise UnfitInputsError(msg)
    return packed_rows(on)


def _whole(flat: NDArray[Any], column: schema.Column, where: str) -> NDArray[Any]:
    kind = column.dtype.name
    if flat.dtype.kind == "f" and not is_finite(flat):
        _refuse_infinite(flat, flat, column, where)
    if not (_is_within(flat, kind) and (flat.dtype.kind != "f" or (np.trunc(flat) == flat).all())):
        limits = np.iinfo(column.dtype)
        msg = f"{where}: inputs: expected whole numbers from {limits.min} to {limits.max}, found others"
        raise UnfitInputsError(msg)
    return flat.astype(column.dtype)


def _real(flat: NDArray[Any], column: schema.Column, where: str) -> NDArray[Any]:
    with np.errstate(over="ignore", invalid="ignore"):
        encoded = flat.astype(column.dtype, copy=False)
    if not is_finite(encoded):
        _refuse_infinite(flat, encoded, column, where)
    if len(wrong := _rounded(flat, encoded)):
        sample, feature = wrong[0]
        msg = (
            f"{where}: inputs: expected whole numbers that {encoded.dtype} holds exactly, found "
            f"{flat[sample, feature]} in sample {sample}, feature {feature}, which would become "
            f"{encoded[sample, feature]:.0f}; record with inputs='auto' or 'int64'"
        )
        raise UnfitInputsError(msg)
    return encoded


def _refuse_infinite(
    flat: NDArray[Any], encoded: NDArray[Any], column: schema.Column, where: str
) -> NDArray[Any]:
    sample, feature = np.argwhere(~np.isfinite(encoded))[0]
    msg = (
        f"{where}: inputs: expected finite numbers within {column.dtype}, "
        f"found {flat[sample, feature]} in sample {sample}, feature {feature}"
    )
    # A wider one may hold what is too large for a kind that was chosen by the first step.
    raise (UnfitInputsError if np.isfinite(flat[sample, feature]) else DataError)(msg)


def _is_in_float32(inputs: NDArray[Any]) -> bool:
    """Whether each number that isn't 0, nor infinite, isn't so in float32 either."""
    if inputs.dtype.itemsize <= 4:
        return True
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        found = inputs.astype(np.float32)
    return np.count_nonzero(found) == np.count_nonzero(inputs) and np.array_equal(
        np.isinf(found), np.isinf(inputs)
    )


def _is_within(inputs: NDArray[Any], kind: str) -> bool:
    limits = np.iinfo(kind)
    return bool(inputs.min() >= limits.min and inputs.max() <= limits.max)


def _rounded(values: NDArray[Any], encoded: NDArray[Any]) -> NDArray[np.int64]:
    """[n, 2], where whole numbers [B, D] became others: two inputs that differ mustn't become one."""
    is_whole = values.dtype.kind in "iu" and encoded.dtype.kind == "f"
    # numpy calls a cast from int64 to float64 safe, which rounds.
    if not is_whole or np.iinfo(values.dtype).max <= _MOST[encoded.dtype.name]:
        return np.empty((0, 2), np.int64)
    with np.errstate(invalid="ignore"):
        return np.argwhere(encoded.astype(values.dtype) != values)
