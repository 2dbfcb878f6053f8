"""The winners of a whole step, on the model's device, in a few kernels that no layer pays for by itself.

Everything here works on bytes of 0 and 1, several at a time: as one whole number, whose product with the right
constant has in its highest byte the sum of the bytes, each times a weight of its own. Comparing, and summing
along an axis as short as K, take torch ten times longer. Nothing waits for the device.

In the host's memory numpy does the same to the same bytes, as each of its calls costs a third of one of torch's, which
is what counts in small batches; only sums of short rows stay torch's. What is said of arrays goes for tensors too.
"""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from sparsey_trace.recording.adapters.codes import WINNER, Codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sparsey_trace.layout import Layout

SILENT, ACTIVE, BROKEN = 0, 1, 2
"""A MAC's states; broken: active, but not with one winner in each CM."""

_WORDS = {1: "uint8", 2: "int16", 4: "int32", 8: "int64"}
_ONE = 8
"""What a winner adds to the mark of a word of up to 8 cells: its mark is `_ONE` + k, and several are 17 or more."""

_LARGEST_INT32 = 1 << 14
"""The largest K of which the sum of all marks fits int32."""


class Winners(NamedTuple):
    """What all layers did in one forward pass; by layer, then sample, then MAC, then CM.

    Attributes:
        numbers: [B * CMs in the model] uint8, or int16 that has to be seen as uint16 where a K is above 256:
            of the winners; meaningless where the MAC isn't active.
        states: [B * MACs in the model] uint8: `SILENT`, `ACTIVE` or `BROKEN`.
    """

    numbers: Tensor
    states: Tensor


def find_winners(codes: Sequence[Codes], layout: Layout) -> Winners:
    """The winners of a step, on the device of its layers (an accelerator, where these are on several).

    >>> from sparsey_trace import LayerLayout, Layout
    >>> v1 = LayerLayout(name="v1", num_macs=2, num_cms=1, num_neurons=3, connections=[[0], [0]])
    >>> cells = torch.tensor([[[[0, 0, 1]], [[1, 1, 0]]]]).bool()
    >>> [found.tolist() for found in find_winners([Codes(cells, None)], Layout(num_features=1, layers=[v1]))]
    [[2, 1], [1, 2]]
    """
    dtype = "uint8" if max(part.num_neurons for part in layout.layers) <= 256 else "int16"
    sizes = [(part.num_cms, part.num_neurons) for part in layout.layers]
    kinds = [
        (*size, found.cells.dtype, found.active is None) for size, found in zip(sizes, codes, strict=True)
    ]
    alike = groupby(zip(kinds, _on_one_device(codes), strict=True), key=lambda pair: pair[0])
    found = [_winners([codes for _, codes in group], kind[0], kind[1], dtype) for kind, group in alike]
    if len(found) == 1:
        return found[0]
    numbers, states = zip(*found, strict=True)
    return Winners(torch.cat(numbers), torch.cat(states))


def pack_bits(values: Tensor) -> tuple[Tensor, Tensor]:
    """Features of 0 and 1 as bits, most significant first, as a trace has them.

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
    bits = _weighted(words, [128 >> place for place in range(8)]).to(torch.uint8)
    return bits, (flat == on).all().reshape(1)


def _on_one_device(codes: Sequence[Codes]) -> Iterable[Codes]:
    devices = {found.cells.device for found in codes}
    if len(devices) == 1:
        return codes
    device = next(device for device in devices if device.type != "cpu")
    return [Codes(cells.to(device), None if active is None else active.to(device)) for cells, active in codes]


def _winners(codes: Sequence[Codes], num_cms: int, num_neurons: int, dtype: str) -> Winners:
    """Of layers that are alike in Q and K."""
    found = _joined([cells for cells, _ in codes])
    numbers, is_on, is_wrong = _read(found, num_neurons, dtype)
    activities = [active for _, active in codes if active is not None]
    active = _joined(activities) if activities else _any(is_on, num_cms)
    # Kept from 1 and 2 to 0, 1 and 2 by a product, as bytes are multiplied fast.
    states = _seen_as(active, "uint8") * (_seen_as(_any(is_wrong, num_cms), "uint8") + ACTIVE)
    return Winners(torch.as_tensor(numbers), torch.as_tensor(states))


def _joined(parts: Sequence[Tensor]) -> Any:
    """All values, end to end: an array where the host has them, else a tensor."""
    if is_on_host(parts[0]):
        return np.concatenate([part.numpy().reshape(-1) for part in parts])
    return torch.cat([part.flatten() for part in parts])


def is_on_host(values: Tensor) -> bool:
    """Whether numpy can work on them."""
    return values.device.type == "cpu"


def _read(found: Any, num_neurons: int, dtype: str) -> tuple[Any, Any, Any]:
    """Of each CM the winner's number, and as bytes that aren't 0 whether it has any and whether it has not one."""
    is_cells, per_word = found.itemsize == 1, math.gcd(num_neurons, 8)
    if is_cells and num_neurons == per_word:
        marks = _cast(_word_marks(found, per_word), "uint8")
        numbers = marks ^ _ONE
        return _cast(numbers, dtype), marks, numbers & (0x100 - _ONE)
    marks = _long_marks(found, num_neurons) if is_cells else found
    numbers = marks ^ WINNER
    return _cast(numbers, dtype), _flags(marks), _flags(numbers >> 16)


def _word_marks(cells: Any, per_word: int) -> Any:
    """The mark of each word of cells: 0 where none is on, `_ONE` + k where only k is, 17 or more for several."""
    return _weighted(_seen_as(cells, _WORDS[per_word]), range(_ONE, _ONE + per_word))


def _long_marks(cells: Any, num_neurons: int) -> Any:
    """The mark of each CM of several words: 0, `WINNER` + k, or 2 * `WINNER` and more."""
    per_word = math.gcd(num_neurons, 8)
    dtype = torch.int32 if num_neurons <= _LARGEST_INT32 else torch.int64
    words = torch.as_tensor(_word_marks(cells, per_word)).to(dtype).view(-1, num_neurons // per_word)
    winners = torch.arange(WINNER, WINNER + num_neurons, per_word, dtype=dtype, device=words.device)
    marks = ((words >> 3) * winners + (words & 7)).sum(dim=-1, dtype=dtype)
    return marks if isinstance(cells, Tensor) else marks.numpy()


def _weighted(words: Any, weights: Sequence[int]) -> Any:
    """The weighted sum of each word's bytes of 0 and 1; what doesn't fit the word is lost on purpose."""
    shift = 8 * (len(weights) - 1)
    factor = sum(weight << (shift - 8 * place) for place, weight in enumerate(weights))
    return (words * (factor - (factor >> 63 << 64))) >> shift


def _any(flags: Any, size: int) -> Any:
    """Whether any of each `size` bytes isn't 0."""
    per_word = math.gcd(size, 8)
    found = _cast(_seen_as(flags, _WORDS[per_word]), "bool")
    if size == per_word:
        return found
    rows = torch.as_tensor(_seen_as(found, "uint8")).view(-1, size // per_word)
    is_any = rows.sum(dim=-1, dtype=torch.int32).bool()
    return is_any if isinstance(flags, Tensor) else is_any.numpy()


def _flags(values: Any) -> Any:
    """Bytes that aren't 0 where a value isn't."""
    return _seen_as(_cast(values, "bool"), "uint8")


def _cast(values: Any, dtype: str) -> Any:
    return values.to(getattr(torch, dtype)) if isinstance(values, Tensor) else values.astype(dtype)


def _seen_as(values: Any, dtype: str) -> Any:
    return values.view(getattr(torch, dtype)) if isinstance(values, Tensor) else values.view(dtype)
