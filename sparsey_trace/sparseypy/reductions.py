"""Reductions over MACs and layers, in the shapes of the original's final version.

Each takes a nested tensor with the layers first and the batch second: for each layer [B, M], or [B, M, …] where a MAC's
value is more than a number. What spring 2024 has in their place is in `spring`.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor


def layerwise_mean(values: Tensor) -> Tensor:
    """[L, B, 1, …], the mean over each layer's MACs.

    >>> values = nested([torch.tensor([[1.0, 3.0]]), torch.tensor([[4.0]])])
    >>> layerwise_mean(values).tolist()
    [[[2.0]], [[4.0]]]
    """
    return torch.stack([layer.mean(dim=1, keepdim=True) for layer in values.unbind()])


def layerwise_sum(values: Tensor) -> Tensor:
    """[L, B, 1, …], the sum over each layer's MACs."""
    return torch.stack([layer.sum(dim=1, keepdim=True) for layer in values.unbind()])


def mean(values: Tensor) -> Tensor:
    """[], the mean over layers of the mean of all that the layer has.

    >>> mean(nested([torch.tensor([[1.0, 3.0]]), torch.tensor([[4.0]])])).item()
    3.0
    """
    return torch.stack([layer.mean() for layer in values.unbind()]).mean()


def sum(values: Tensor) -> Tensor:
    """[], the sum of all values; the original fails here."""
    return torch.stack([layer.sum() for layer in values.unbind()]).sum()


def highest_layer(values: Tensor) -> Tensor:
    """[B, M, …], the highest layer's values."""
    return values.unbind()[-1]


def highest_layer_mean(values: Tensor) -> Tensor:
    """[], the mean of all that the highest layer has."""
    return highest_layer(values).mean()


REDUCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    function.__name__: function
    for function in (layerwise_mean, layerwise_sum, mean, sum, highest_layer, highest_layer_mean)
}
"""By their names in configuration files."""


def reduce(name: str | None, values: Tensor) -> Tensor:
    """Values under a reduction; as they are, where the final version has none of this name."""
    return REDUCTIONS[name](values) if name in REDUCTIONS else values


def nested(layers: Sequence[Tensor]) -> Tensor:
    """A nested tensor of one [B, M, …] for each layer, so that `torch.select(values, dim=1, index=i)` is sample i's.

    >>> torch.select(nested([torch.tensor([[1, 2], [3, 4]]), torch.tensor([[5], [6]])]), 1, 0).unbind()
    (tensor([1, 2]), tensor([5]))
    """
    _warn_no_more()
    made: Tensor = torch.nested.nested_tensor(list(layers))
    return made


@cache
def _warn_no_more() -> None:
    """Let torch's only warning pass: the layout that it recommends can't be asked for a sample."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        torch.nested.nested_tensor([torch.zeros(1)])
