"""What the metrics share that compare inputs and codes with earlier ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from sparsey_trace.sparseypy.by_sample import BySample

if TYPE_CHECKING:
    import torch
    from torch import nn

    from sparsey_trace.sparseypy.metrics import Comparison

AS_ORIGINAL: Final = "as the original"
"""For `approximation_batch_size`: as many as the metric's generation has unless told otherwise."""


class InputsAndCodesMetric(BySample):
    """A metric that compares with training samples of earlier steps.

    Args:
        model: as of all metrics; `device`, `reduction`, `best_value`, `generation` and `parameters` too.
        approximation_batch_size: compare with so many, drawn without bias and reproducibly (by the parameter
            `seed`); None: with all of them, as far as the definition goes. Unless given it is 64 in the final
            generation, and None in spring's.

    Raises:
        UsageError: an unknown generation or parameter, or a size that is none; a ValueError.
    """

    def __init__(
        self,
        model: nn.Module,
        device: torch.device | str | None = None,
        reduction: str | Comparison | None = None,
        best_value: Comparison | None = None,
        approximation_batch_size: int | Literal["as the original"] | None = AS_ORIGINAL,
        *,
        generation: str | None = None,
        **parameters: Any,
    ) -> None:
        """Put hooks on the model."""
        if approximation_batch_size != AS_ORIGINAL:
            parameters = {"reference_size": approximation_batch_size, **parameters}
        super().__init__(model, device, reduction, best_value, generation=generation, **parameters)
