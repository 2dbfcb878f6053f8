"""The winners of a whole step, on the model's device, in a few kernels that no layer pays for by itself.

Nothing waits for the device. In the host's memory numpy does the same to the same bytes; only sums of short rows stay
torch's.
"""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from sparsey_trace.recording.adapters.codes import WINNER, Codes, has_long_marks
from sparsey_trace.recording.steps.byte_words import (
    WORDS,
    any_in_groups,
    as_tensor,
    cast,
    flags_of,
    is_on_host,
    seen_as,
    weighted_sums,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sparsey_trace.layout import Layout

SILENT, ACTIVE, BROKEN = 0, 1, 2
"""A MAC's states; broken: active, but not with one winner in each CM."""

_SEEN = {1: "uint8", 2: "int16", 4: "int32"}
"""As which dtype winners' numbers are made, by their bytes: torch does little with other unsigned ones."""

_SHIFT, _LONG_SHIFT = WINNER.bit_length() - 1, 32
"""By how many bits a CM's mark stands above its winner's number, where marks are added up."""

_ONE = 8
"""What a winner adds to the mark of a word of up to 8 cells: its mark is `_ONE` + k, and several are 17 or more."""

_LARGEST_INT32 = 1 << 14
"""The largest K of which the sum of all marks fits int32."""

_LARGEST_SUMMED = 1 << 20
"""The largest K whose sums of marks and places are exact in float32, where one cell is on."""

_MOST_OF_ONE_THREAD = 1 << 17
"""Multiplications of a product that BLAS leaves to the thread that asks: others would take cores from training."""


class Winners(NamedTuple):
    """What all layers did in one forward pass; by layer, then sample, then MAC, then CM.

    Attributes:
        numbers: [B * CMs in the model] uint8, or int16 that has to be seen as uint16 where a K is above 256, or int32
            that has to be seen as uint32 where one is above 65,535: of the winners; meaningless where the MAC is not
            active.
        states: [B * MACs in the model] uint8: `SILENT`, `ACTIVE` or `BROKEN`.
    """

    numbers: Tensor
    states: Tensor


def find_winners(codes: Sequence[Codes], layout: Layout) -> Winners:
    """The winners of a step, on the device of its layers (an accelerator, where these are on several).

    Args:
        codes: of each layer, as `Codes.copied` makes them.
        layout: the model.

    >>> from sparsey_trace import LayerLayout, Layout
    >>> v1 = LayerLayout(name="v1", num_macs=2, num_cms=1, num_neurons=3, connections=[[0], [0]])
    >>> cells = torch.tensor([[[[0, 0, 1]], [[1, 1, 0]]]]).bool()
    >>> found = find_winners([Codes(cells, None)], Layout(num_features=1, layers=[v1]))
    >>> found.numbers[0].item(), found.states.tolist()
    (2, [1, 2])
    """
    return winners_of_steps([[found] for found in _on_one_device(codes)], layout)


def winners_of_steps(codes: Sequence[Sequence[Codes]], layout: Layout) -> Winners:
    """The winners of several steps that are alike, on one device: by layer, then step, sample, MAC, CM.

    Args:
        codes: of each layer those of each step, as `Codes.copied` makes them.
        layout: the model.
    """
    dtype = dtype_of(layout)
    sizes = [(layer.num_cms, layer.num_neurons) for layer in layout.layers]
    kinds = [
        (*size, found[0].cells.dtype, found[0].active is None)
        for size, found in zip(sizes, codes, strict=True)
    ]
    alike = groupby(zip(kinds, codes, strict=True), key=lambda pair: pair[0])
    found = [
        _winners([found for _, steps in group for found in steps], kind[0], kind[1], dtype)
        for kind, group in alike
    ]
    if len(found) == 1:
        return found[0]
    numbers, states = zip(*found, strict=True)
    return Winners(torch.cat(numbers), torch.cat(states))


def dtype_of(layout: Layout) -> str:
    """The dtype of the winners' numbers."""
    return _SEEN[max(layer.code_dtype.itemsize for layer in layout.layers)]


def _on_one_device(codes: Sequence[Codes]) -> Sequence[Codes]:
    devices = {found.cells.device for found in codes}
    if len(devices) == 1:
        return codes
    device = next(device for device in devices if device.type != "cpu")
    return [Codes(cells.to(device), None if active is None else active.to(device)) for cells, active in codes]


def _winners(codes: Sequence[Codes], num_cms: int, num_neurons: int, dtype: str) -> Winners:
    """Of layers that are alike in Q and K."""
    activities = [active for _, active in codes if active is not None]
    cells, active = _joined([cells for cells, _ in codes]), _joined(activities) if activities else None
    return winners_of_joined(cells, active, num_cms, num_neurons, dtype)


def winners_of_joined(cells: Any, active: Any, num_cms: int, num_neurons: int, dtype: str) -> Winners:
    """Of MACs that stand end to end, all of as many CMs and neurons.

    Args:
        cells: [MACs * Q * K] bool, or [MACs * Q] int32 marks; written over.
        active: [MACs] bool, or None where a MAC is active that has a cell on.
        num_cms: Q.
        num_neurons: K.
        dtype: of the winners' numbers.
    """
    numbers, is_on, is_wrong = _read(cells, num_neurons, dtype)
    if active is None:
        active = any_in_groups(is_on, num_cms)
    # 1 or 2, times whether the MAC is active, is its state; a product, as bytes are multiplied fast.
    states = seen_as(active, "uint8") * (seen_as(any_in_groups(is_wrong, num_cms), "uint8") + ACTIVE)
    return Winners(as_tensor(numbers), as_tensor(states))


def _joined(tensors: Sequence[Tensor]) -> Any:
    """[N], all values end to end: an array where the host has them, else a tensor."""
    if is_on_host(tensors[0]):
        return np.concatenate([tensor.numpy().reshape(-1) for tensor in tensors])
    return torch.cat([tensor.flatten() for tensor in tensors])


def _read(found: Any, num_neurons: int, dtype: str) -> tuple[Any, Any, Any]:
    """What CMs show, N of them.

    Args:
        found: [N * K] bool, cells; or [N] int32, marks.
        num_neurons: K.
        dtype: of the winners' numbers.

    Returns:
        [N] of the dtype, each CM's winner; [N] bytes, not 0 where a CM has one; [N] bytes, not 0 where it hasn't
        exactly one.
    """
    is_cells, per_word = found.itemsize == 1, math.gcd(num_neurons, 8)
    if is_cells and num_neurons == per_word:
        marks = cast(_word_marks(found, per_word), "uint8")
        numbers = marks ^ _ONE
        return cast(numbers, dtype), marks, numbers & (0x100 - _ONE)
    if is_cells and not isinstance(found, Tensor) and num_neurons <= _LARGEST_SUMMED:
        return _read_words(found, num_neurons, dtype)
    is_long = has_long_marks(num_neurons)
    if is_long and not is_cells:
        return cast(~found, dtype), flags_of(found), flags_of(found == 0)
    marks = _long_marks(found, num_neurons) if is_cells else found
    shift = _LONG_SHIFT if is_long else _SHIFT
    numbers = marks ^ (1 << shift)
    return cast(numbers, dtype), flags_of(marks), flags_of(numbers >> shift)


def _read_words(cells: NDArray[np.bool_], num_neurons: int, dtype: str) -> tuple[Any, Any, Any]:
    """What `_read` gives back of CMs of several words of cells, of the host's.

    A product of matrices sums up marks, and marks times their places, faster than anything along so short an axis.
    Where one cell is on, the first sum is its mark, and the second is that as often as the place of its word says.
    """
    per_word = math.gcd(num_neurons, 8)
    marks = cast(_word_marks(cells, per_word), "uint8").reshape(-1, num_neurons // per_word)
    places = np.arange(marks.shape[1], dtype=np.float32)
    weights = np.stack([np.ones_like(places), places], axis=1)
    numbers = np.empty(len(marks), dtype)
    is_on, is_wrong = np.empty((2, len(marks)), np.uint8)
    rows = max(1, _MOST_OF_ONE_THREAD // weights.size)
    for start in range(0, len(marks), rows):
        part = slice(start, start + rows)
        mark, place = np.ascontiguousarray((marks[part].astype(np.float32) @ weights).T)
        np.not_equal(mark, 0, out=is_on[part].view(np.bool_))
        np.logical_or(mark == 0, mark >= 2 * _ONE, out=is_wrong[part].view(np.bool_))
        place *= per_word
        place /= np.maximum(mark, 1)
        place += mark
        place -= _ONE
        numbers[part] = place.astype(np.int32)
    return numbers, is_on, is_wrong


def _word_marks(cells: Any, per_word: int) -> Any:
    """The mark of each word of cells, [N * per_word] bool to [N].

    It is 0 where none is on, `_ONE` + k where only k is, 17 or more for several.
    """
    # The cells are a copy, end to end, that nobody needs behind this.
    return weighted_sums(seen_as(cells, WORDS[per_word]), range(_ONE, _ONE + per_word), in_place=True)


def _long_marks(cells: Any, num_neurons: int) -> Any:
    """The mark of each CM of several words, [N * K] bool to [N], with those of its winners added up."""
    per_word = math.gcd(num_neurons, 8)
    dtype = torch.int32 if num_neurons <= _LARGEST_INT32 else torch.int64
    words = as_tensor(_word_marks(cells, per_word)).to(dtype).view(-1, num_neurons // per_word)
    first = 1 << (_LONG_SHIFT if has_long_marks(num_neurons) else _SHIFT)
    winners = torch.arange(first, first + num_neurons, per_word, dtype=dtype, device=words.device)
    marks = ((words >> 3) * winners + (words & 7)).sum(dim=-1, dtype=dtype)
    return marks if isinstance(cells, Tensor) else marks.numpy()
