"""What a model looks like from outside, in the words of `tests/golden/observed_*.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence

MODEL = "(the model)"


def described(value: Any) -> Any:
    """A tensor by shape and dtype, a list by its items, a number as itself, anything else by its type."""
    if isinstance(value, Tensor):
        return {"tensor": list(value.shape), "dtype": str(value.dtype).removeprefix("torch.")}
    if isinstance(value, list | tuple):
        items = [described(item) for item in value]
        alike = len(items) > 0 and all(item == items[0] for item in items)
        return {type(value).__name__: len(items), "of": items[0] if alike else items}
    return str(value) if isinstance(value, bool | int | float | str) else type(value).__name__


def named(model: nn.Module) -> dict[str, nn.Module]:
    """Every module by its name."""
    return {name or MODEL: module for name, module in model.named_modules()}


def classes(model: nn.Module) -> dict[str, str]:
    """Every module's class."""
    return {name: type(module).__name__ for name, module in named(model).items()}


def attributes(module: nn.Module) -> dict[str, Any]:
    """What a module has in public."""
    public = {name: described(value) for name, value in vars(module).items() if not name.startswith("_")}
    return public | {
        "buffers": {name: described(value) for name, value in module.named_buffers(recurse=False)},
        "parameters": {name: described(value) for name, value in module.named_parameters(recurse=False)},
    }


def passed(model: nn.Module, batch: Tensor, names: Sequence[str]) -> dict[str, Any]:
    """What goes in and out of each of these modules, in a forward pass."""
    seen: dict[str, Any] = {}

    def look(name: str) -> Any:
        return lambda _, arguments, output: seen.update(
            {name: {"arguments": [described(one) for one in arguments], "output": described(output)}}
        )

    handles = [named(model)[name].register_forward_hook(look(name)) for name in names]
    with torch.no_grad():
        model(batch)
    for handle in handles:
        handle.remove()
    return seen


def flags(model: nn.Module, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The flags of these modules, as `train` leaves them."""
    found = {}
    for mode in (True, False):
        model.train(mode)
        found[f"train({mode})"] = {name: {"training": named(model)[name].training} for name in names}
    return found
