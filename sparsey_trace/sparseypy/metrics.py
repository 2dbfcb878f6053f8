"""What all metrics are, in either generation of the original; people's own are subclasses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import torch

from sparsey_trace.sparseypy.reductions import reduce

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    Comparison = Callable[[Any, Any], bool]


class Metric(ABC):
    """A metric that watches a live model.

    Of your own, it is a subclass as in the generation that your scripts are for: with `compute` as in spring 2024,
    or with `_compute`, whose values `compute` reduces, as in the final version.

    Args:
        model: what is watched.
        name: of the metric, as in configuration files.
        best_comparison: says whether its first argument is the better value.
        device: where values are; None: the CPU.
        reduction: over MACs and layers, see `reduce_metric_values`; None: none.

    Attributes:
        model: what is watched.
        name: of the metric.
        best_comparison: says which of two values is the better one.
        device: where values are.
        reduction: over MACs and layers, or None.

    >>> from sparsey_trace.sparseypy import comparisons
    >>> class Samples(Metric):
    ...     def __init__(self, model, reduction=None, best_value=comparisons.max_by_layerwise_mean):
    ...         super().__init__(model, "samples", best_value)
    ...
    ...     def compute(self, m, last_batch, labels, training=True):
    ...         return len(last_batch)
    >>> model = torch.nn.Sequential()
    >>> Samples(model).compute(model, torch.zeros(3, 8), None)
    3
    """

    def __init__(
        self,
        model: nn.Module,
        name: str,
        best_comparison: Comparison,
        device: torch.device | str | None = None,
        reduction: str | None = None,
    ) -> None:
        """Keep the arguments."""
        self.model = model
        self.name = name
        self.best_comparison = best_comparison
        self.device = torch.device(device or "cpu")
        self.reduction = reduction

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """A class with a `compute` of its own needs no `_compute`."""
        super().__init_subclass__(**kwargs)
        if "compute" in vars(cls) and cls._compute is Metric._compute:
            cls._compute = _none_needed  # type: ignore[method-assign]

    def compute(self, m: nn.Module, last_batch: Tensor, labels: Any, training: bool = True) -> Any:  # noqa: FBT001, FBT002 - as in the original
        """The metric's value for the latest forward pass.

        Args:
            m: the model.
            last_batch: [B, …], the model's input.
            labels: of the batch, or the model's output; whatever the metric needs.
            training: whether the pass belongs to training.

        Returns:
            What `_compute` returns, reduced.
        """
        return self.reduce_metric_values(self._compute(m, last_batch, labels, training))

    @abstractmethod
    def _compute(self, m: nn.Module, last_batch: Tensor, labels: Any, training: bool = True) -> Any:  # noqa: FBT001, FBT002 - as in the original
        """The values before they are reduced: a nested tensor, for each layer [B, M]; see `compute`."""

    def reduce_metric_values(self, raw_values: Tensor) -> Tensor:
        """Values under the metric's reduction, in the shapes of the final version.

        Args:
            raw_values: a nested tensor, for each layer [B, M] or [B, M, …].

        Returns:
            See `sparsey_trace.sparseypy.reductions`. A name that isn't there leaves them as they are.
        """
        return reduce(self.reduction, raw_values)

    def get_name(self) -> str:
        """The metric's name, as in configuration files."""
        return self.name

    def get_best_comparison_function(self) -> Comparison:
        """What says which of two values is the better one."""
        return self.best_comparison


def _none_needed(self: Metric, m: nn.Module, last_batch: Tensor, labels: Any, training: bool = True) -> Any:  # noqa: FBT001, FBT002 - as in the original
    """What a class with a `compute` of its own has for `_compute`."""
    msg = f"{type(self).__name__}: expected _compute, which it doesn't define, not to be called"
    raise NotImplementedError(msg)
