"""What has to hold before a pass becomes a step: of its input, its labels, its phase, its codes; and of counts."""

from __future__ import annotations

import operator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from sparsey_trace.errors import RecordError, UsageError
from sparsey_trace.recording.codes import WINNER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import nn

    from sparsey_trace.layout import Layout
    from sparsey_trace.recording.adapters import Layer


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


def checked_inputs(inputs: Tensor, *, where: str, first_sample: int) -> NDArray[Any]:
    """The input as [B, D].

    Raises:
        RecordError: a value isn't finite.
    """
    flat = inputs.cpu().numpy().reshape(len(inputs), -1)
    if inputs.is_floating_point() and not np.isfinite(flat).all():
        sample, feature = np.argwhere(~np.isfinite(flat))[0]
        msg = (
            f"{where}, sample {first_sample + sample}: input: expected finite numbers, found "
            f"{flat[sample, feature]} in feature {feature}"
        )
        raise RecordError(msg)
    return flat


def checked_labels(labels: Any, *, size: int, where: str) -> NDArray[Any] | None:
    """The labels as [B] whole numbers in memory of their own, or None.

    Raises:
        RecordError: they are no whole numbers, or not one for each sample.
    """
    if labels is None:
        return None
    found = np.array(labels.detach().cpu().numpy() if isinstance(labels, Tensor) else labels)
    if found.size != size or found.dtype.kind not in "iub":
        msg = (
            f"{where}: labels: expected {size} whole numbers, one for each sample, found {found.dtype} of "
            f"shape {list(found.shape)}"
        )
        raise RecordError(msg)
    return found.reshape(-1)


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


def check_codes(
    marks: NDArray[np.float32], active: NDArray[np.bool_], layout: Layout, *, where: str, first_sample: int
) -> None:
    """Look for MACs that are active without one winner in each CM; the arrays are as `gather` makes them.

    Raises:
        RecordError: there is one.
    """
    size = len(active) // layout.num_macs
    first_cms = _first_cms(tuple((part.num_macs, part.num_cms) for part in layout.layers), size)
    fewest, most = np.minimum.reduceat(marks, first_cms), np.maximum.reduceat(marks, first_cms)
    faults = np.flatnonzero(active & ((fewest < WINNER) | (most >= 2 * WINNER)))
    if not len(faults):
        return
    place = int(faults[0])
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


@lru_cache(maxsize=8)
def _first_cms(layers: tuple[tuple[int, int], ...], size: int) -> NDArray[np.intp]:
    """Where each MAC of each sample begins among the marks, by the layers' (M, Q)."""
    cms = np.repeat([num_cms for _, num_cms in layers], [size * num_macs for num_macs, _ in layers])
    return np.asarray(np.cumsum(cms) - cms)
