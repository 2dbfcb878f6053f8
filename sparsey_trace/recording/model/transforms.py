"""Passes that compute nothing yet, or something else: those that torch runs to trace or to transform a model."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_is_tracing, _level = torch._C._is_tracing, torch._C._functorch.peek_interpreter_stack


def transform_of(values: Any) -> str | None:
    """What torch is doing with a model whose pass has this value; None where it simply runs.

    Args:
        values: the model's input, or a layer's output.

    >>> transform_of(torch.ones(2)), transform_of(torch.ones(2, device="meta"))
    (None, 'the device "meta", whose tensors have no values')
    """
    if torch.compiler.is_exporting():
        return "torch.export"
    if _is_tracing():
        return "torch.jit.trace"
    if (level := _level()) is not None:
        return f"torch.func ({level.key().name.lower()})"
    if type(values) is Tensor and not values.is_meta:
        return None
    return _without_values(values)


def _without_values(values: Any) -> str | None:
    """Why a value that is no plain tensor, or one of no device, has no values; None where it has, or is no tensor."""
    if not isinstance(values, Tensor):
        return None
    kind = type(values)
    if kind is not Tensor and any(base.__module__.startswith("torch._subclasses") for base in kind.__mro__):
        return f"{kind.__name__}, whose tensors have no values"
    return 'the device "meta", whose tensors have no values' if values.is_meta else None
