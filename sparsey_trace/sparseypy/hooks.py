"""Hooks that keep what a model's layers took in and put out."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from itertools import chain
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import RecordError, UsageError
from sparsey_trace.recording.adapters.find import find_layers
from sparsey_trace.recording.adapters.spring2024 import Spring2024Layers, macs_of
from sparsey_trace.recording.model.hook import ModelHook

if TYPE_CHECKING:
    from torch import nn
    from torch.utils.hooks import RemovableHandle


class Hook(ABC):
    """Hooks on a model: on once made, off after `remove`.

    A copy or a pickle of the model doesn't have them.

    Args:
        module: the model.

    Attributes:
        module: the model.
        hook_handles: torch's handles of the hooks.
        pid: the process in which they work.
        seconds: spent in them.
    """

    def __init__(self, module: nn.Module) -> None:
        """Put the hooks on."""
        self.module = module
        self.hook_handles: list[RemovableHandle] = []
        self.pid, self.seconds = os.getpid(), 0.0
        self.hook()

    @abstractmethod
    def hook(self) -> None:
        """Put the hooks on, and their handles into `hook_handles`."""

    def remove(self) -> None:
        """Take all hooks off."""
        for handle in self.hook_handles:
            handle.remove()
        self.hook_handles.clear()

    @abstractmethod
    def abandon(self) -> None:
        """Forget the pass under way, after an error in a hook."""


class LayerIOHook(Hook):
    """The layers of a model, and their inputs and outputs in the latest forward pass.

    In the spring-2024 version these are the MACs', in a list for each layer; in the final one the layers'. Of a
    model without layers of either kind they are its children's.

    Args:
        module: the model.
        flatten: give MACs in one list, rather than in one for each layer.
    """

    def __init__(self, module: nn.Module, flatten: bool = False) -> None:  # noqa: FBT001, FBT002 - as in the original
        """Put the hooks on."""
        self.flatten = flatten
        self._groups, self._in_lists = _watched(module)
        self._group = {module: index for index, group in enumerate(self._groups) for module in group}
        self.abandon()
        super().__init__(module)

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
        if self._in_lists and not self.flatten:
            ran = [group for group in self._seen if group]
            return tuple([[one[field] for one in group] for group in ran] for field in range(3))  # type: ignore[return-value]
        return tuple([one[field] for one in chain(*self._seen)] for field in range(3))  # type: ignore[return-value]


def _watched(model: nn.Module) -> tuple[list[list[nn.Module]], bool]:
    """What is watched, by layer, and whether there are several things in a layer."""
    try:
        layers = find_layers(model, None)
    except RecordError:
        return [[child] for child in model.children()], False
    in_lists = isinstance(layers[0].adapter, Spring2024Layers)
    return [macs_of(layer.module) if in_lists else [layer.module] for layer in layers], in_lists


class HookFactory:
    """Hooks by name.

    Attributes:
        allowed_hooks: the names.
    """

    allowed_hooks = frozenset({"layer_io"})

    @staticmethod
    def create_hook(hook_name: str, model: nn.Module) -> Hook:
        """A new hook, on the model.

        Args:
            hook_name: as in configuration files: `layer_io`.
            model: what to put it on.

        Raises:
            UsageError: there is no such hook; a ValueError.

        >>> import torch
        >>> HookFactory.create_hook("layer_io", torch.nn.Sequential()).get_layer_io()
        ([], [], [])
        """
        if hook_name not in HookFactory.allowed_hooks:
            allowed = ", ".join(sorted(HookFactory.allowed_hooks))
            msg = f"Invalid hook name: {hook_name}! expected one of {allowed}"
            raise UsageError(msg)
        return LayerIOHook(model)
