"""A hook that keeps what a model's layers took in and put out."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import RecordError
from sparsey_trace.recording.adapters.find import find_layers
from sparsey_trace.recording.adapters.spring2024 import Spring2024Layers, macs_of
from sparsey_trace.recording.model.hook import ModelHook
from sparsey_trace.sparseypy.hook import Hook

if TYPE_CHECKING:
    from torch import nn

    from sparsey_trace.recording.adapters.base import ModelLayer


class LayerIOHook(Hook):
    """The layers of a model, and their inputs and outputs in the latest forward pass.

    In the spring-2024 version these are the MACs', in a list for each layer; in the final one the layers'. Of a
    model without layers of either kind they are its children's.

    Args:
        module: the model.
        flatten: give MACs in one list, rather than in one for each layer.

    Attributes:
        layers: of the model, lowest first; none where it has no layers of either kind.
        gives_macs: whether MACs are watched, rather than layers.
    """

    def __init__(self, module: nn.Module, flatten: bool = False) -> None:  # noqa: FBT001, FBT002 - as in the original
        """Put the hooks on."""
        self.flatten = flatten
        self.layers = _layers(module)
        self.gives_macs = bool(self.layers) and isinstance(self.layers[0].adapter, Spring2024Layers)
        self._groups = self._watched(module)
        self._group = {module: index for index, group in enumerate(self._groups) for module in group}
        self.abandon()
        super().__init__(module)

    def _watched(self, model: nn.Module) -> list[list[nn.Module]]:
        """What is watched, by layer."""
        if not self.layers:
            return [[child] for child in model.children()]
        return [macs_of(layer.module) if self.gives_macs else [layer.module] for layer in self.layers]

    def hook(self) -> None:
        """Put one on the model, that forgets the pass before, and one on each module that is watched."""
        self.hook_handles.append(self.module.register_forward_pre_hook(ModelHook(self, self.pre_hook)))
        for module in self._group:
            self.hook_handles.append(module.register_forward_hook(ModelHook(self, self.forward_hook)))

    def remove(self) -> None:
        """Take all hooks off, and forget the latest pass."""
        super().remove()
        self.abandon()

    def abandon(self) -> None:
        """Forget the latest pass."""
        self._seen: list[list[tuple[nn.Module, Any, Any]]] = [[] for _ in self._groups]

    def pre_hook(self, module: nn.Module, input: Any) -> None:
        """A forward pass of the model begins."""
        self.abandon()

    def forward_hook(self, module: nn.Module, input: Any, output: Any) -> None:
        """A module that is watched has run."""
        self._seen[self._group[module]].append((module, input[0] if input else None, output))

    def get_layer_io(self) -> tuple[list[Any], list[Any], list[Any]]:
        """What ran in the latest forward pass, lowest layer first.

        Returns:
            The layers, their inputs, and their outputs; in the spring-2024 version a list for each layer, with the
            MACs' own. Empty before the first pass and after `remove`.
        """
        if self.gives_macs and not self.flatten:
            ran = [group for group in self._seen if group]
            return tuple([[one[field] for one in group] for group in ran] for field in range(3))  # type: ignore[return-value]
        return tuple([one[field] for one in chain(*self._seen)] for field in range(3))  # type: ignore[return-value]


def _layers(model: nn.Module) -> list[ModelLayer]:
    try:
        return find_layers(model, None)
    except RecordError:
        return []
