"""Further values of a layer's MACs, read by functions of the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from sparsey_trace.errors import RecordError, UsageError
from sparsey_trace.recording.steps.inputs import dense
from sparsey_trace.trace.format.values import check_value_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import nn

    from sparsey_trace.layout import LayerLayout

    ReadValue = Callable[[nn.Module, Any], Any]
    """From a layer and its output to [B, M] numbers, or to None where the layer has no such value."""


class LayerValues:
    """What is recorded of each layer beside codes and activity.

    Args:
        given: a name to what reads the value.

    Attributes:
        names: of the values.

    Raises:
        DataError: a name can't be one.
        UsageError: something else than a function stands for it.
    """

    def __init__(self, given: Mapping[str, ReadValue] | None) -> None:
        """Check them; see the class for the arguments."""
        self._readers = dict(given or {})
        self.names = tuple(self._readers)
        for name, read in self._readers.items():
            check_value_name(name, self.names)
            if not callable(read):
                msg = f"values: {name}: expected a function of a layer and its output, found {read!r}"
                raise UsageError(msg)

    def read(
        self, module: nn.Module, output: Any, layout: LayerLayout, *, size: int, where: str
    ) -> dict[str, Tensor]:
        """The values of one layer, as its forward pass left it, [B, M] float32 in memory of their own.

        Args:
            module: the layer.
            output: what its forward pass returned.
            layout: the layer's.
            size: B.
            where: the model and the step, for messages.

        Raises:
            RecordError: something else than B times M numbers was found.
        """
        found = {}
        for name, read in self._readers.items():
            given = read(module, output)
            if given is not None:
                found[name] = _checked(
                    given, (size, layout.num_macs), f"{where}: values: {name} of {layout.name}"
                )
        return found


def _checked(given: Any, shape: tuple[int, int], what: str) -> Tensor:
    """[B, M] float32."""
    values = dense(given) if isinstance(given, Tensor) else torch.as_tensor(given, device="cpu")
    if values.is_complex() or values.numel() != shape[0] * shape[1] or values.shape[:1] != shape[:1]:
        kind = str(values.dtype).removeprefix("torch.")
        msg = (
            f"{what}: expected a number for each of {shape[0]} samples and {shape[1]} MACs, found {kind} of "
        )
        raise RecordError(msg + f"shape {list(values.shape)}")
    return values.reshape(shape).to(torch.float32, copy=True)
