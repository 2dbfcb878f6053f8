"""The original's metrics: classes that watch a live model, over the definitions that replay uses."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

import torch

from sparsey_trace.errors import UsageError
from sparsey_trace.metrics.registry import make_metric
from sparsey_trace.replay.choose import fields_of
from sparsey_trace.sparseypy import spring
from sparsey_trace.sparseypy.comparisons import max_by_layerwise_mean, min_by_layerwise_mean
from sparsey_trace.sparseypy.layer_io import LayerIOHook
from sparsey_trace.sparseypy.live_steps import LiveSteps
from sparsey_trace.sparseypy.metrics import Metric
from sparsey_trace.sparseypy.past import Past
from sparsey_trace.sparseypy.reductions import REDUCTIONS, nested
from sparsey_trace.support.suggest import hint, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor, nn

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import Layout
    from sparsey_trace.sparseypy.metrics import Comparison


class Generation(StrEnum):
    """Which of the original's generations a metric answers as."""

    SPRING = "spring"
    FINAL = "final"


class OnlineMetric(Metric):
    """A metric that watches a live model and is defined as in a replay.

    It is made as in both generations of the original: `(model, reduction, best_value)` or
    `(model, device, reduction, best_value)`.

    Args:
        model: what is watched, from now on.
        device: where tensors among the values are put; None: the CPU. Values are computed on the CPU.
        reduction: over MACs and layers, by the generation's names; see docs/sparseypy.md.
        best_value: says whether its first argument is the better value; None: by the metric's own best direction.
        generation: `spring` or `final`: what values look like. None: by the model's layers; of a model without
            layers of either, final if a device is given.
        parameters: of the definition, by name; see docs/metrics.md.

    Attributes:
        hook: on the model; `hook.remove()` ends the watching.
        generation: `spring` or `final`.
        definition: the metric that a replay would use.

    Raises:
        UsageError: an unknown generation or parameter; a ValueError.
    """

    metric_name: ClassVar[str]
    _spring_reductions: ClassVar[spring.Reductions]
    _spring_other: ClassVar[Callable[..., Any]] = staticmethod(spring.unknown)
    _own_parameters: ClassVar[Mapping[Generation, Mapping[str, Any]]] = {}
    _recalls: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self,
        model: nn.Module,
        device: torch.device | str | None = None,
        reduction: str | Comparison | None = None,
        best_value: Comparison | None = None,
        *,
        generation: str | None = None,
        **parameters: Any,
    ) -> None:
        """Put hooks on the model."""
        device, named, best_value = _sorted_out(device, reduction, best_value)
        self.hook = LayerIOHook(model)
        self.generation = _generation(generation, self.hook, has_device=device is not None)
        self.definition = make_metric(
            self.metric_name, {**self._own_parameters.get(self.generation, {}), **parameters}
        )
        highest = self.definition.best == "highest"
        own_best = max_by_layerwise_mean if highest else min_by_layerwise_mean
        super().__init__(model, self.metric_name, best_value or own_best, device, named)
        self._warn_of_unknown_reduction()
        self._steps = LiveSteps(model, needs_inputs="inputs" in fields_of(self.definition))
        self._past: Past[Any] | None = None

    def compute(self, m: nn.Module, last_batch: Tensor, labels: Any, training: bool = True) -> Any:  # noqa: FBT001, FBT002 - as in the original
        """The metric's value for the latest forward pass, which becomes the metric's next step.

        It has to be called once after each forward pass that counts.

        Args:
            m: the model; the one that is watched is meant, whatever this is.
            last_batch: [B, …], the model's input. What doesn't depend on the input doesn't look at it.
            labels: not needed by any metric here.
            training: whether the pass belongs to training.

        Returns:
            What the metric's generation returns under the metric's reduction; see docs/sparseypy.md.

        Raises:
            RecordError: there was no forward pass, or it doesn't fit the batch, or a MAC's code isn't one.
            LayoutError: the layers don't fit each other or the input.
        """
        if self.generation is Generation.FINAL:
            return super().compute(m, last_batch, labels, training)
        self._take(last_batch, training=training)
        values = self._spring_values()
        return spring.shaped(self.reduction, values, self._spring_reductions, self._spring_other)

    def _compute(self, m: nn.Module, last_batch: Tensor, labels: Any, training: bool = True) -> Tensor:  # noqa: FBT001, FBT002 - as in the original
        """The step's values as the final version has them before they are reduced; see `compute`."""
        chunk = self._take(last_batch, training=training)
        return nested([values.to(self.device) for values in self._final_values(chunk)])

    def _take(self, last_batch: Tensor, *, training: bool) -> Chunk:
        """The latest pass as a step, which the past has in it afterwards."""
        chunk = self._steps.take(self.hook, last_batch, training=training)
        if self._past is None:
            self._past = self._nothing(chunk.layout)
        self._past.add(chunk)
        self._measure(chunk, self._past)
        return chunk

    @abstractmethod
    def _measure(self, chunk: Chunk, past: Past[Any]) -> None:
        """Keep the values of a step, which the past has in it already."""

    @abstractmethod
    def _spring_values(self) -> Any:
        """The step's values as spring 2024 has them before they are reduced."""

    @abstractmethod
    def _final_values(self, chunk: Chunk) -> Sequence[Tensor]:
        """The step's values as the final version has them: for each layer [B, M] float32, or [B, M, …]."""

    def _nothing(self, layout: Layout) -> Past[Any]:
        return Past(self.definition, layout, recalls=self._recalls, shortened=self._shortened)

    def _shortened(self, state: Any) -> Any:
        """The state without what no later step can ask for."""
        return state

    def _warn_of_unknown_reduction(self) -> None:
        known = self._known_reductions(self.generation)
        if self.reduction not in known:
            names = ", ".join(map(str, known))
            msg = (
                f"{self.name}: reduction: expected one of {names}, found {self.reduction!r}"
                f"{hint(self.reduction, known)}; as in the {self.generation} generation of sparseypy, "
                f"{self._of_unknown()}"
            )
            warnings.warn(msg, UserWarning, stacklevel=3)

    def _of_unknown(self) -> str:
        if self.generation is Generation.FINAL:
            return "values are not reduced"
        return "compute gives " + (self._spring_other.__doc__ or "").partition("\n")[0].rstrip(".")

    @classmethod
    def _known_reductions(cls, generation: str) -> tuple[str | None, ...]:
        """The reductions of a generation that do something of their own."""
        return (
            tuple(cls._spring_reductions) if generation == Generation.SPRING else (None, "none", *REDUCTIONS)
        )


def _generation(said: str | None, hook: LayerIOHook, *, has_device: bool) -> Generation:
    if said is not None:
        if said not in tuple(Generation):
            raise UsageError(unknown("generation", said, tuple(Generation)))
        return Generation(said)
    if hook.layers:
        return Generation.SPRING if hook.gives_macs else Generation.FINAL
    return Generation.FINAL if has_device else Generation.SPRING


def _sorted_out(
    device: torch.device | str | None, reduction: str | Comparison | None, best_value: Comparison | None
) -> tuple[torch.device | None, str | None, Comparison | None]:
    """Device, reduction and comparison, from arguments in the order of either generation."""
    if callable(reduction):
        return None, None if device is None else str(device), reduction
    if reduction is None and isinstance(device, str) and not _is_device(device):
        device, reduction = None, device
    return None if device is None else torch.device(device), reduction, best_value


def _is_device(name: str) -> bool:
    try:
        torch.device(name)
    except RuntimeError:
        return False
    return True
