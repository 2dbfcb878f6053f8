"""What has to hold before a pass becomes a step: of its input, its labels, its phase, its codes; and of counts."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from sparsey_trace.errors import RecordError, UsageError
from sparsey_trace.recording.steps.winners import BROKEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import nn

    from sparsey_trace.layout import Layout
    from sparsey_trace.recording.adapters.base import Layer


def checked_count(given: Any, what: str) -> int:
    """A setting that counts something.

    Raises:
        UsageError: it is no whole number of 1 or more.
    """
    try:
        count = operator.index(given)
    except TypeError:
        count = 0
    if count < 1:
        msg = f"{what}: expected a whole number of 1 or more, found {given!r}"
        raise UsageError(msg)
    return count


def checked_inputs(inputs: NDArray[Any], *, where: str, first_sample: int) -> NDArray[Any]:
    """The input as [B, D].

    Raises:
        RecordError: a value isn't finite.
    """
    flat = inputs.reshape(len(inputs), -1)
    if flat.dtype.kind == "f" and not np.isfinite(flat).all():
        sample, feature = np.argwhere(~np.isfinite(flat))[0]
        msg = (
            f"{where}, sample {first_sample + sample}: input: expected finite numbers, found "
            f"{flat[sample, feature]} in feature {feature}"
        )
        raise RecordError(msg)
    return flat


def checked_labels(labels: Any, *, size: int, where: str) -> NDArray[Any] | Tensor | None:
    """The labels as [B] whole numbers in memory of their own, on their device where that is another; or None.

    Raises:
        RecordError: they are no whole numbers, or not one for each sample.
    """
    if labels is None:
        return None
    found: NDArray[Any] | Tensor
    if isinstance(labels, Tensor) and labels.device.type != "cpu":
        found = labels.detach()
        is_whole = not (labels.is_floating_point() or labels.is_complex())
    else:
        found = np.array(labels.detach().numpy() if isinstance(labels, Tensor) else labels)
        is_whole = found.dtype.kind in "iub"
    if math.prod(found.shape) != size or not is_whole:
        kind = str(found.dtype).removeprefix("torch.")
        msg = (
            f"{where}: labels: expected {size} whole numbers, one for each sample, found {kind} of "
            f"shape {list(found.shape)}"
        )
        raise RecordError(msg)
    found = found.reshape(-1)
    return found.to(torch.int64, copy=True) if isinstance(found, Tensor) else found


def phase_of(layers: Sequence[Layer], model: nn.Module, *, where: str) -> str:
    """`train` or `eval`, as the layers' adapters see it.

    Raises:
        RecordError: the layers disagree.
    """
    flags = [layer.adapter.is_training(layer.module, model) for layer in layers]
    if len(set(flags)) > 1:
        training, evaluating = layers[flags.index(True)].name, layers[flags.index(False)].name
        msg = (
            f"{where}: expected all layers in training or all in evaluation, found {training} in training and "
            f"{evaluating} in evaluation"
        )
        raise RecordError(msg)
    return "train" if flags[0] else "eval"


def check_codes(states: NDArray[np.uint8], layout: Layout, *, where: str, first_sample: int) -> None:
    """Look for MACs that are active without one winner in each CM, among all MACs' states.

    Raises:
        RecordError: there is one.
    """
    if states.max(initial=0) < BROKEN:
        return
    place, size = int(states.argmax()), len(states) // layout.num_macs
    for part in layout.layers:
        if place < size * part.num_macs:
            break
        place -= size * part.num_macs
    sample, mac = divmod(place, part.num_macs)
    msg = (
        f"{where}, sample {first_sample + sample}: {part.name}, MAC {mac}: expected one winner in each of its "
        f"{part.num_cms} CMs (one non-zero cell of {part.num_neurons}, or a whole number from 0 to "
        f"{part.num_neurons - 1}), or none at all, found neither"
    )
    raise RecordError(msg)
