"""The original's metrics: classes that watch a live model, over the definitions that replay uses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import torch

from sparsey_trace.metrics.registry import make_metric
from sparsey_trace.replay.choose import choose
from sparsey_trace.sparseypy.comparisons import max_by_layerwise_mean, min_by_layerwise_mean
from sparsey_trace.sparseypy.hooks import LayerIOHook
from sparsey_trace.sparseypy.live_steps import LiveSteps
from sparsey_trace.sparseypy.past import Past

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import Layout

    Comparison = Callable[[Any, Any], bool]


class Metric(ABC):
    """A metric that watches a live model.

    It is made as in both versions of the original: `(model, reduction, best_value)` or
    `(model, device, reduction, best_value)`.

    Args:
        model: what is watched, from now on.
        device: where tensors among the values are put; None: the CPU. Values are computed on the CPU.
        reduction: over MACs and layers; see docs/metrics.md. None, or `none`: a value for each MAC.
        best_value: says whether its first argument is the better value; None: by the metric's own best direction.
        parameters: of the definition, by name; see docs/metrics.md.

    Attributes:
        name: of the metric, as in configuration files.
        model: what is watched.
        device: see above.
        reduction: see above.
        best_comparison: `best_value`.
        hook: on the model; `hook.remove()` ends the watching.
        definition: the metric that a replay would use.

    Raises:
        UsageError: an unknown reduction or parameter; a ValueError.
        RecordError: the model has no layers of either version.
    """

    name: ClassVar[str]
    _recalls: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self,
        model: nn.Module,
        device: torch.device | str | None = None,
        reduction: str | Comparison | None = None,
        best_value: Comparison | None = None,
        **parameters: Any,
    ) -> None:
        """Put hooks on the model."""
        self.model = model
        self.device, named, best_value = _sorted_out(device, reduction, best_value)
        self.reduction = None if named == "none" else named
        chosen, _ = choose([make_metric(self.name, parameters)], resolution="step", reduction=self.reduction)
        self.definition = chosen[0]
        highest = self.definition.best == "highest"
        self.best_comparison = best_value or (max_by_layerwise_mean if highest else min_by_layerwise_mean)
        self._steps = LiveSteps(model)
        self.hook = LayerIOHook(model)
        self._past: Past[Any] | None = None

    def compute(self, m: nn.Module, last_batch: Tensor, labels: Any, training: bool = True) -> Any:  # noqa: FBT001, FBT002 - as in the original
        """The metric's value for the latest forward pass, which becomes the metric's next step.

        It has to be called once after each forward pass that counts.

        Args:
            m: the model; the one that is watched is meant, whatever this is.
            last_batch: [B, …], the model's input.
            labels: not needed by any metric here.
            training: whether the pass belongs to training.

        Returns:
            Without a reduction a list with a list for each layer, with a value for each MAC. With `layerwise_mean`
            or `layerwise_sum` a list with a value for each layer, with `highest_layer` one with a value for each of
            its MACs, with others a value. Of the step as a whole, as in the table of a replay.

        Raises:
            RecordError: there was no forward pass, or it doesn't fit the batch, or a MAC's code isn't one.
            LayoutError: the layers don't fit each other or the input.
        """
        chunk = self._steps.take(self.hook, last_batch, training=training)
        if self._past is None:
            self._past = self._nothing(chunk.layout)
        self._past.add(chunk)
        return self._value(chunk, self._past)

    @abstractmethod
    def _value(self, chunk: Chunk, past: Past[Any]) -> Any:
        """The value of a step, which the past has in it already."""

    def get_name(self) -> str:
        """The metric's name, as in configuration files."""
        return self.name

    def get_best_comparison_function(self) -> Comparison:
        """What says which of two values is the better one."""
        return self.best_comparison

    def _nothing(self, layout: Layout) -> Past[Any]:
        return Past(self.definition, layout, recalls=self._recalls, shortened=self._shortened)

    def _shortened(self, state: Any) -> Any:
        """The state without what no later step can ask for."""
        return state


def _sorted_out(
    device: torch.device | str | None, reduction: str | Comparison | None, best_value: Comparison | None
) -> tuple[torch.device, str | None, Comparison | None]:
    """Device, reduction and comparison, from arguments in the order of either version."""
    if callable(reduction):
        return torch.device("cpu"), _text(device), reduction
    if reduction is None and isinstance(device, str) and not _is_device(device):
        device, reduction = None, device
    return torch.device(device or "cpu"), reduction, best_value


def _text(reduction: torch.device | str | None) -> str | None:
    return None if reduction is None else str(reduction)


def _is_device(name: str) -> bool:
    try:
        torch.device(name)
    except RuntimeError:
        return False
    return True
