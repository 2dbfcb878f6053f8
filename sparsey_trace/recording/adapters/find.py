"""Which modules of a model are layers to record, and of which family."""

from __future__ import annotations

import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import PluginWarning, RecordError
from sparsey_trace.recording.adapters.base import Family, ModelLayer, NamedAdapter
from sparsey_trace.recording.adapters.sparsey import SparseyLayers
from sparsey_trace.recording.adapters.spring2024 import Spring2024Layers
from sparsey_trace.recording.model.wrappers import named_parts
from sparsey_trace.support.plugins import ADAPTERS, package_of, sound
from sparsey_trace.support.suggest import hint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

FAMILIES: tuple[Family, ...] = (SparseyLayers(), Spring2024Layers())
"""This package's own."""


@cache
def families() -> tuple[Family, ...]:
    """What is looked for in a model whose layers the user doesn't name; ours before those of other packages."""
    return (*FAMILIES, *(_made(plugin.found) for plugin in sound(ADAPTERS, _fault)))


def _made(found: Any) -> Any:
    return found() if isinstance(found, type) else found


def _fault(found: Any) -> str:
    """What is wrong with an adapter that another package offers; empty where nothing is."""
    name = getattr(found, "__name__", type(found).__name__)
    found = _made(found)
    lacking = [
        method
        for method in ("recognises", "layout", "read", "is_training")
        if not callable(getattr(found, method, None))
    ]
    return f"{name}: expected methods of an adapter, found none named {', '.join(lacking)}" if lacking else ""


def family_of(module: nn.Module) -> Family | None:
    """The first family that recognises a module; None where none does."""
    return next((family for family in families() if _recognises(family, module)), None)


def _recognises(family: Family, module: nn.Module) -> bool:
    try:
        return family.recognises(module)
    except Exception as error:  # noqa: BLE001 - another package's adapter must not stop what it isn't for
        name, package = type(family).__name__, package_of(family, ADAPTERS)
        msg = (
            f"{name} of {package}: expected recognises to work on every module, found that it raised "
            f"{type(error).__name__}, and it isn't used there; upgrade the package, or uninstall it"
        )
        warnings.warn(msg, PluginWarning, stacklevel=2)
        return False


def find_layers(model: nn.Module, named: Sequence[NamedAdapter] | None) -> list[ModelLayer]:
    """The layers to record, lowest first.

    Args:
        model: what to look in.
        named: the user's layers, lowest first; None: look for known families, in the order of `named_modules`.
            Parts that are compiled have the names that they would have uncompiled.

    Raises:
        RecordError: there is nothing to record, or no module of a given name.
    """
    if named is None:
        found = known_layers(model)
    else:
        modules = _modules(model)
        found = [_named(wanted, _module(modules, wanted.name, model)) for wanted in named]
    if not found:
        msg = (
            f"{type(model).__name__}: expected layers with {', '.join(SparseyLayers.LOOKS)}, or with a "
            f"{Spring2024Layers.LOOKS[0]} of modules with {Spring2024Layers.LOOKS[1]}, found none; name "
            "the layers: record(model, path, layers=[WinnerTakeAll('encoder.0', num_macs=…, num_cms=…, "
            f"num_neurons=…)]); the model's modules: {_names(model)}"
        )
        raise RecordError(msg)
    return found


def known_layers(model: nn.Module) -> list[ModelLayer]:
    """The layers of known families, in the order of `named_modules`; none where there is none."""
    return [
        ModelLayer(_shown(name, module), module, family)
        for name, module in named_parts(model)
        if (family := family_of(module))
    ]


def _named(wanted: NamedAdapter, module: nn.Module) -> ModelLayer:
    return ModelLayer(_shown(wanted.name, module), module, wanted)


def _shown(name: str, module: nn.Module) -> str:
    """What a layer is called: a model that is one has no name, and is called by its class."""
    return name or type(module).__name__


def module_named(name: str, model: nn.Module) -> nn.Module:
    """The module of a name, as in `model.named_modules()`, where the model itself is "".

    Raises:
        RecordError: there is none.
    """
    return _module(_modules(model), name, model)


def _modules(model: nn.Module) -> dict[str, nn.Module]:
    return dict(named_parts(model, remove_duplicate=False))


def _module(modules: dict[str, nn.Module], name: str, model: nn.Module) -> nn.Module:
    if name in modules:
        return modules[name]
    others = hint(name, modules) or f" (there are: {_names(model)})"
    msg = f"{type(model).__name__}: expected a module named {name!r}, found none{others}"
    raise RecordError(msg)


def _names(model: nn.Module) -> str:
    names = [name for name, _ in named_parts(model) if name]
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "") or "none"
