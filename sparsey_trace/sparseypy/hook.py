"""What a hook on a model is."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

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

    def refuse(self, error: Exception) -> None:
        """Raise what went wrong in a hook."""
        self.abandon()
        raise error
