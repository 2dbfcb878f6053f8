"""What has to hold before a pass becomes a step: of its marks, its phase and its codes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from sparsey_trace.errors import RecordError
from sparsey_trace.recording.steps.winners import BROKEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import nn

    from sparsey_trace.layout import Layout
    from sparsey_trace.recording.adapters.base import ModelLayer


def checked_marks(given: Any, name: str, *, size: int, where: str) -> NDArray[Any] | Tensor:
    """Marks as [B] whole numbers in memory of their own, on their device where that is another.

    Args:
        given: any array, tensor or list of B values; of all but labels, also one number, for all.
        name: one of `MARKS`.
        size: B.
        where: the model and the step, for the message.

    Raises:
        RecordError: they are no whole numbers, or not one for each sample.
    """
    found: NDArray[Any] | Tensor
    if isinstance(given, Tensor) and given.device.type != "cpu":
        found = given.detach()
        is_whole = not (given.is_floating_point() or given.is_complex())
    else:
        found = np.array(given.detach().numpy() if isinstance(given, Tensor) else given)
        is_whole = found.dtype.kind in "iub"
    if is_whole and not found.shape and name != "labels":
        found = found.expand(size) if isinstance(found, Tensor) else np.full(size, found)
    if math.prod(found.shape) != size or not is_whole:
        kind = str(found.dtype).removeprefix("torch.")
        msg = (
            f"{where}: {name}: expected {size} whole numbers, one for each sample, found {kind} of "
            f"shape {list(found.shape)}"
        )
        raise RecordError(msg)
    found = found.reshape(-1)
    return found.to(torch.int64, copy=True) if isinstance(found, Tensor) else found


def phase_of(layers: Sequence[ModelLayer], model: nn.Module, *, where: str) -> str:
    """`train` or `eval`, as the layers' adapters see it.

    Raises:
        RecordError: the layers disagree.
    """
    flags = [layer.adapter.is_training(layer.module, model) for layer in layers]
    if flags.count(flags[0]) < len(flags):
        training, evaluating = layers[flags.index(True)].name, layers[flags.index(False)].name
        msg = (
            f"{where}: expected all layers in training or all in evaluation, found {training} in training and "
            f"{evaluating} in evaluation"
        )
        raise RecordError(msg)
    return "train" if flags[0] else "eval"


def check_codes(states: NDArray[np.uint8], layout: Layout, *, where: str, first_sample: int) -> None:
    """Look for MACs that are active without one winner in each CM.

    Args:
        states: [B * MACs in the model], as in `Winners`.
        layout: the model.
        where: the model and the step, for the message.
        first_sample: the number of the step's first sample in the run.

    Raises:
        RecordError: there is one.
    """
    if states.max(initial=0) < BROKEN:
        return
    index, size = int(states.argmax()), len(states) // layout.num_macs
    for layer in layout.layers:
        if index < size * layer.num_macs:
            break
        index -= size * layer.num_macs
    sample, mac = divmod(index, layer.num_macs)
    msg = (
        f"{where}, sample {first_sample + sample}: {layer.name}, MAC {mac}: expected one winner in each of its "
        f"{layer.num_cms} CMs (one non-zero cell of {layer.num_neurons}, or a whole number from 0 to "
        f"{layer.num_neurons - 1}), or none at all, found neither"
    )
    raise RecordError(msg)
