"""Hooks by their names in configuration files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.errors import UsageError
from sparsey_trace.sparseypy.layer_io import LayerIOHook

if TYPE_CHECKING:
    from torch import nn

    from sparsey_trace.sparseypy.hook import Hook


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
