"""What a step keeps of the model's input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from sparsey_trace.errors import RecordError
from sparsey_trace.recording.steps.byte_words import weighted_sums
from sparsey_trace.trace.format.inputs import is_finite

if TYPE_CHECKING:
    from numpy.typing import NDArray


_KEPT = (torch.float16, torch.float32, torch.float64)
"""What floats leave training as they are; who writes the trace sees whether fewer bits hold them."""


def copied_inputs(inputs: Tensor) -> Tensor:
    """An input as it is now, on its own device, in its shape, as `kept_dtype` says."""
    found, dtype = dense(inputs), kept_dtype(inputs)
    return found.clone() if found.dtype is dtype else found.to(dtype)


def kept_dtype(inputs: Tensor) -> torch.dtype:
    """In which an input of any real dtype leaves training: its own, or float32, which holds what is in it."""
    is_kept = not inputs.is_floating_point() or inputs.dtype in _KEPT
    return inputs.dtype if is_kept else torch.float32


def dense(inputs: Tensor) -> Tensor:
    """An input without its gradient, whatever way torch keeps it."""
    if inputs.requires_grad:
        inputs = inputs.detach()
    return inputs if inputs.layout is torch.strided else inputs.to_dense()


def pack_bits(values: Tensor) -> tuple[Tensor, Tensor]:
    """Features of 0 and 1 as bits, most significant first, as a trace has them. Nothing waits for the device.

    Args:
        values: [B, …] of any real dtype.

    Returns:
        [B, ceil(D / 8)] uint8; and [1] bool, whether all values are 0 or 1.

    >>> pack_bits(torch.tensor([[1.0, 0, 0, 0, 0, 0, 0, 1, 1]]))
    (tensor([[129, 128]], dtype=torch.uint8), tensor([True]))
    """
    flat = values.reshape(values.shape[0], -1)
    on = flat.bool().view(torch.uint8)
    words = pad(on, (0, -flat.shape[1] % 8)).view(torch.int64)
    bits = weighted_sums(words, [128 >> bit for bit in range(8)]).to(torch.uint8)
    return bits, (flat == on).all().reshape(1)


def checked_inputs(inputs: NDArray[Any], *, where: str, first_sample: int) -> NDArray[Any]:
    """The input, [B, …], as [B, D].

    Args:
        inputs: any real dtype.
        where: the model and the step, for the message.
        first_sample: the number of its first sample in the run.

    Raises:
        RecordError: a value isn't finite.
    """
    flat = inputs.reshape(len(inputs), -1)
    if not is_finite(flat):
        sample, feature = np.argwhere(~np.isfinite(flat))[0]
        msg = (
            f"{where}, sample {first_sample + sample}: input: expected finite numbers, found "
            f"{flat[sample, feature]} in feature {feature}"
        )
        raise RecordError(msg)
    return flat
