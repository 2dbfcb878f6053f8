"""What of a layer's output holds its codes, where it puts out several things."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from sparsey_trace.errors import RecordError

Which = int | str | Callable[[Any], Any]
"""A position in a tuple or list; a key, or an attribute's name; or a function of the whole output."""


def picked(output: Any, which: Which | None, *, where: str) -> Any:
    """What is meant of an output; the output itself where nothing is said.

    Args:
        output: whatever a layer put out.
        which: what of it is meant.
        where: the layer's name, for the message.

    Raises:
        RecordError: there is no such thing in it, or the function fails.

    >>> picked(("quantised", "indices", "loss"), 1, where="vq")
    'indices'
    """
    if which is None:
        return output
    try:
        return which(output) if callable(which) else _item(output, which)
    except Exception as error:
        wanted = "its function to work on the output" if callable(which) else f"{which!r} in the output"
        msg = (
            f"{where}: output: expected {wanted}, found {type(error).__name__}: {error} ({described(output)})"
        )
        raise RecordError(msg) from error


def _item(output: Any, which: int | str) -> Any:
    if isinstance(which, str) and not isinstance(output, Mapping):
        return getattr(output, which)
    if isinstance(output, Tensor):
        msg = "a tensor is one thing"
        raise TypeError(msg)
    return output[which]


def described(output: Any) -> str:
    """An output in a few words: a tensor by its shape, several things by what they are.

    >>> import torch
    >>> described((torch.zeros(2, 5), torch.zeros(2).long(), None))
    'tuple of 0: [2, 5] float32, 1: [2] int64, 2: NoneType'
    """
    if isinstance(output, Tensor):
        return f"{list(output.shape)} {str(output.dtype).removeprefix('torch.')}"
    if isinstance(output, Mapping):
        items = list(output.items())
    elif isinstance(output, tuple | list):
        items = list(enumerate(output))
    else:
        return type(output).__name__
    told = ", ".join(f"{name!r}: {_short(value)}" for name, value in items[:8])
    more = ", …" if len(items) > 8 else ""
    return f"{type(output).__name__} of {told}{more}"


def _short(value: Any) -> str:
    return described(value) if isinstance(value, Tensor) else type(value).__name__
