"""Arithmetic on bytes of 0 and 1, several at a time: as one whole number, whose product sums them up.

The product of such a number, a word, with the right constant has in its highest byte the sum of the word's bytes, each
times a weight of its own. Comparing, and summing along an axis as short as K, take torch ten times longer.

Values are tensors, wherever they are, or arrays in the host's memory: each of numpy's calls costs a third of one of
torch's, which is what counts in small batches. What is said of arrays goes for tensors too.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

WORDS = {1: "uint8", 2: "int16", 4: "int32", 8: "int64"}
"""The dtypes of words, by how many bytes they have."""


def is_on_host(values: Tensor) -> bool:
    """Whether numpy can work on them."""
    return values.device.type == "cpu"


def weighted_sums(words: Any, weights: Sequence[int], *, in_place: bool = False) -> Any:
    """The weighted sum of each word's bytes of 0 and 1; what doesn't fit the word is lost on purpose.

    Args:
        words: [...] of a dtype in `WORDS`.
        weights: of a word's bytes, as many as it has.
        in_place: whether the words may be written over: new memory of this size costs more than the arithmetic.

    Returns:
        [...] of the words' dtype.

    >>> weighted_sums(torch.tensor([1, 0, 1, 1], dtype=torch.uint8).view(torch.int32), [8, 4, 2, 1]).tolist()
    [11]
    """
    shift = 8 * (len(weights) - 1)
    factor = sum(weight << (shift - 8 * index) for index, weight in enumerate(weights))
    factor -= factor >> 63 << 64
    if not in_place:
        return (words * factor) >> shift
    words *= factor
    words >>= shift
    return words


def any_in_groups(flags: Any, size: int) -> Any:
    """Whether any byte of each group isn't 0.

    Args:
        flags: [N * size], of one byte each.
        size: of a group.

    Returns:
        [N] bool.
    """
    per_word = math.gcd(size, 8)
    found = cast(seen_as(flags, WORDS[per_word]), "bool")
    if size == per_word:
        return found
    rows = as_tensor(seen_as(found, "uint8")).view(-1, size // per_word)
    is_any = rows.sum(dim=-1, dtype=torch.int32).bool()
    return is_any if isinstance(flags, Tensor) else is_any.numpy()


def flags_of(values: Any) -> Any:
    """[...] uint8 that isn't 0 where a value, [...] of any dtype, isn't."""
    return seen_as(cast(values, "bool"), "uint8")


def as_tensor(values: Any) -> Tensor:
    """The same values as a tensor, where they are: torch's own way would put them on its default device."""
    return values if isinstance(values, Tensor) else torch.from_numpy(values)


def cast(values: Any, dtype: str) -> Any:
    """The values as another dtype."""
    return values.to(getattr(torch, dtype)) if isinstance(values, Tensor) else values.astype(dtype)


def seen_as(values: Any, dtype: str) -> Any:
    """The values' bytes as another dtype, without a copy."""
    return values.view(getattr(torch, dtype)) if isinstance(values, Tensor) else values.view(dtype)
