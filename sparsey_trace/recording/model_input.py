"""Which of a model's arguments is its input."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from sparsey_trace.errors import RecordError, UsageError
from sparsey_trace.recording.adapters.which_output import described
from sparsey_trace.support.suggest import unknown

if TYPE_CHECKING:
    from torch import nn

Chosen = str | int | Callable[[tuple[Any, ...], dict[str, Any]], Any] | None
"""An argument's name or position, or a function of `(args, kwargs)`; None for the first tensor that could be one."""


class ModelInput:
    """Finds the input among a pass's arguments.

    Args:
        model: whose arguments they are.
        chosen: which of them.

    Raises:
        UsageError: it is none that the model takes.

    >>> import torch
    >>> of_mask = ModelInput(torch.nn.Identity(), 1)
    >>> of_mask.find((None, torch.ones(2, 3)), {}, where="Identity: step 0").shape
    torch.Size([2, 3])
    """

    def __init__(self, model: nn.Module, chosen: Chosen) -> None:
        """Nothing is looked at yet; see the class for the arguments."""
        self._chosen = chosen
        self._names = _parameters(model)
        if isinstance(chosen, str) and self._names and chosen not in self._names and not _takes_any(model):
            raise UsageError(unknown("input", chosen, self._names))
        if chosen is not None and (
            isinstance(chosen, bool) or not (isinstance(chosen, str | int) or callable(chosen))
        ):
            msg = f"input: expected an argument's name or position, or a function (args, kwargs), found {chosen!r}"
            raise UsageError(msg)

    def find(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, where: str) -> Tensor:
        """The input, [B, …]: the argument that was chosen, or the first real tensor, whatever the keywords' order.

        Tensors inside of mappings, lists and tuples count as well.

        Args:
            args: the pass's.
            kwargs: the pass's.
            where: the model and the step, for the message.

        Raises:
            RecordError: there is none.
        """
        if self._chosen is None and args and type(first := args[0]) is Tensor and _may_be_input(first):
            return first  # as of most models, told without lists of what else there is
        return _first_of(self._given(args, dict(kwargs)), where=where)

    def find_of_calls(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, where: str
    ) -> tuple[Tensor, int]:
        """The input of a pass whose layers run several times.

        Where a function was chosen, it may give a list of several inputs, [B, …] each: one for each call.

        Returns:
            The one input, [B, …], or all of the list, end to end; and how many these are.

        Raises:
            RecordError: there is none, or those of the list differ in shape.
        """
        if not callable(self._chosen):
            return self.find(args, kwargs, where=where), 1
        given = self._chosen(args, dict(kwargs))
        listed = list(given) if isinstance(given, list | tuple) else [given]
        found = [_first_of([one], where=where) for one in listed]
        shapes = [list(one.shape) for one in found]
        if any(shape != shapes[0] for shape in shapes):
            msg = f"{where}: input: expected one of the same shape for each call, found {', '.join(map(str, shapes))}"
            raise RecordError(msg)
        return (torch.cat(found) if len(found) > 1 else found[0]), len(found)

    def _given(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """The arguments that may be the input, in the order in which the model names them."""
        if callable(self._chosen):
            return [self._chosen(args, kwargs)]
        if isinstance(self._chosen, int):
            return list(args[self._chosen :][:1])
        if self._chosen is None:
            return [*args, *(kwargs[name] for name in sorted(kwargs, key=self._rank))]
        named = {**dict(zip(self._names, args, strict=False)), **kwargs}
        return [named[self._chosen]] if self._chosen in named else []

    def _rank(self, name: str) -> int:
        return self._names.index(name) if name in self._names else len(self._names)


def _may_be_input(value: Tensor) -> bool:
    return value.dim() > 0 and not value.is_complex()


def _first_of(given: list[Any], *, where: str) -> Tensor:
    """The first real tensor of what may be the input."""
    for value in _tensors(given):
        if _may_be_input(value):
            return value
    found = ", ".join(map(described, given)) or "no arguments"
    msg = (
        f"{where}: input: expected a real tensor [B, …] among the model's arguments, found {found}; say "
        "which it is: record(…, input='x'), its position, or a function (args, kwargs) -> tensor"
    )
    raise RecordError(msg)


def _tensors(given: list[Any]) -> Iterator[Tensor]:
    for value in given:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(list(value))
        elif isinstance(value, Mapping) or hasattr(value, "keys"):  # TensorDict is no Mapping
            yield from _tensors(list(value.values()))


def _parameters(model: nn.Module) -> list[str]:
    try:
        kinds = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        return []
    return [
        kind.name
        for kind in kinds
        if kind.kind in (kind.POSITIONAL_ONLY, kind.POSITIONAL_OR_KEYWORD, kind.KEYWORD_ONLY)
    ]


def _takes_any(model: nn.Module) -> bool:
    """Whether it has `**kwargs`."""
    return any(kind.kind is kind.VAR_KEYWORD for kind in inspect.signature(model.forward).parameters.values())
