"""Passes that no hook of the model sees: noticed by what they leave elsewhere."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn
    from torch.utils.hooks import RemovableHandle

WAYS = (
    "hooks don't see model.forward(x) where model(x) is meant, code that torch.compile made of a function before "
    "record, nor a copy that torch.jit made"
)
"""What to look for."""

_ALARM = 2
"""So often without a pass between is no accident: one run of a layer by itself may be."""


class UnseenPasses:
    """Notices a layer that runs, and an optimizer that moves the model, again and again without a pass between.

    Args:
        model: whose parameters are moved.
        tell: called with what was noticed, once.
        is_paused: whether nothing is to be noticed now.

    Attributes:
        count: how many steps of optimizers moved the model's parameters.
    """

    def __init__(self, model: nn.Module, tell: Callable[[str], None], is_paused: Callable[[], bool]) -> None:
        """Nothing is watched yet; see the class for the arguments."""
        self.count = 0
        self._parameters = {id(parameter) for parameter in model.parameters() if parameter.requires_grad}
        self._tell, self._is_paused = tell, is_paused
        self._outside: dict[str, int] = {}
        self._since_pass: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._is_told = False

    def attach(self) -> list[RemovableHandle]:
        """Watch all optimizers; nothing where no optimizer can move the model."""
        if not self._parameters:
            return []
        # torch keeps the hook for ever, and so would it all that we hold.
        step = weakref.WeakMethod(self._step)

        def see(optimizer: torch.optim.Optimizer, *_: Any) -> None:
            if (see_step := step()) is not None:
                see_step(optimizer)

        handle = register_optimizer_step_post_hook(see)
        weakref.finalize(self, handle.remove)
        return [handle]

    def note_pass(self) -> None:
        """A pass was seen."""
        if self._since_pass or self._outside:
            self._since_pass.clear()
            self._outside.clear()

    def note_outside(self, name: str) -> None:
        """A layer ran outside of a pass."""
        if self._is_paused() or torch._C._current_graph_task_id() != -1:
            return  # that is autograd: what a checkpoint computes again in it is no pass
        runs = self._outside[name] = self._outside.get(name, 0) + 1
        if runs == _ALARM:
            self._tell(f"{name} runs outside of a pass of the model, which isn't recorded: {WAYS}")

    def _step(self, optimizer: torch.optim.Optimizer) -> None:
        if torch.compiler.is_dynamo_compiling() or self._is_paused() or not self._moves(optimizer):
            return
        self.count += 1
        steps = self._since_pass[optimizer] = self._since_pass.get(optimizer, 0) + 1
        if steps == _ALARM and not self._is_told:
            self._is_told = True
            self._tell(
                f"{type(optimizer).__name__} moved it in {steps} steps without a pass that could be recorded: {WAYS}"
            )

    def _moves(self, optimizer: torch.optim.Optimizer) -> bool:
        return any(
            id(parameter) in self._parameters
            for group in optimizer.param_groups
            for parameter in group["params"]
        )
