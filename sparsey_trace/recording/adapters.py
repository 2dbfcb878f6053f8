"""How to read a layer: one class for each family of models.

An adapter says what a layer is made of (`layout`), finds its winners in what a forward pass left
(`read`), and knows whose training flag counts (`is_training`). A family that can be told by its looks
also has `recognises`, and stands in `FAMILIES`, or is offered by another package in the entry-point group
`sparsey_trace.adapters`; others are named by the user.
"""

from __future__ import annotations

import warnings
from dataclasses import KW_ONLY, dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from sparsey_trace.errors import PluginWarning, RecordError
from sparsey_trace.layout import PADDING, LayerLayout, Layout
from sparsey_trace.near import hint
from sparsey_trace.plugins import ADAPTERS, package_of, sound
from sparsey_trace.recording.codes import Codes, cells_of, codes_of_cells, codes_of_winners
from sparsey_trace.recording.spring2024 import Spring2024Layers
from sparsey_trace.recording.wrappers import named_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike


class Adapter(Protocol):
    """Reads the layers of one family. `read` runs without gradients, and changes nothing it is given."""

    def layout(self, module: nn.Module, *, name: str, num_sources: int) -> LayerLayout:
        """What the layer is made of; `num_sources` things are below it (D, or the MACs of the layer below)."""
        ...

    def read(self, module: nn.Module, output: Any, layout: LayerLayout) -> Codes:
        """The codes that the layer's forward pass left in the module and in its output, as new tensors."""
        ...

    def is_training(self, module: nn.Module, model: nn.Module) -> bool:
        """Whether the pass belongs to training."""
        ...


class Family(Adapter, Protocol):
    """An adapter whose layers can be told by their looks."""

    def recognises(self, module: nn.Module) -> bool:
        """Whether the module is a layer of this family."""
        ...


@runtime_checkable
class Sized(Protocol):
    """An adapter that finds Q and K only in a layer's output; they are 1 in its `layout` until then."""

    def sized(self, layout: LayerLayout, output: Any) -> LayerLayout:
        """The layer's layout, with the sizes that the output of a forward pass shows."""
        ...


class SparseyLayers:
    """Layers with the attributes of sparseypy's, as the demo's have them too.

    - `input_connections` [M, R] whole numbers: what each MAC listens to, padded with the number of
      sources: D for the first layer, the MACs of the layer below for others;
    - `num_cms_per_mac`, `num_neurons_per_cm`: Q and K;
    - `mac_positions` [M, 2], or none;
    - `is_active` [B, M] booleans or zeros and ones, set by each forward pass: what says that a MAC is silent;
    - an output of cells, [B, M, Q, K] or flatter, one non-zero in every CM of an active MAC.
    """

    _LOOKS = ("input_connections", "num_cms_per_mac", "num_neurons_per_cm")

    def recognises(self, module: nn.Module) -> bool:
        """Whether it has the wiring and the sizes."""
        return all(hasattr(module, name) for name in self._LOOKS)

    def layout(self, module: Any, *, name: str, num_sources: int) -> LayerLayout:
        """Read off the attributes."""
        connections = np.asarray(_as_numpy(module.input_connections))
        return LayerLayout(
            name=name,
            num_macs=len(connections),
            num_cms=module.num_cms_per_mac,
            num_neurons=module.num_neurons_per_cm,
            connections=np.where(connections == num_sources, PADDING, connections),
            positions=_as_numpy(getattr(module, "mac_positions", None)),
        )

    def read(self, module: Any, output: Any, layout: LayerLayout) -> Codes:
        """Winners from the output, activity from `is_active`."""
        cells = cells_of(output, layout)
        active = getattr(module, "is_active", None)
        expected = (cells.shape[0], layout.num_macs)
        if not isinstance(active, Tensor) or active.shape != expected:
            found = list(active.shape) if isinstance(active, Tensor) else type(active).__name__
            msg = f"{layout.name}: is_active: expected shape {list(expected)} after a forward pass, found {found}"
            raise RecordError(msg)
        return Codes(cells, active.to(torch.bool, copy=True))

    def is_training(self, module: nn.Module, model: nn.Module) -> bool:
        """By the layer's flag: sparseypy's `model.train()` sets no other."""
        return module.training


@dataclass(frozen=True, eq=False)
class WinnerTakeAll:
    """A layer that the user names: any module whose output is winner-take-all.

    In each CM of the output one cell is non-zero, whatever its value; a MAC whose cells are all zero
    is silent. Or the output holds the winners themselves, -1 throughout a MAC that is silent. In short, it is

    - `[B, M, Q, K]`, `[B, M, Q * K]` or `[B, M * Q * K]` of any dtype: cells;
    - `[B, M, Q]` of whole numbers: winners, 0 to K - 1, or -1.

    Attributes:
        name: the module's name, as in `model.named_modules()`.
        num_macs: M.
        num_cms: Q.
        num_neurons: K.
        connections: what each MAC listens to, [M, R] padded with -1 or M index arrays: input features for
            the first layer that is recorded, MACs of the recorded layer before for others; None: everything.
        positions: [M, 2], the MACs' places on the unit grid, or None.

    Raises:
        LayoutError: counts, connections and positions don't fit each other.

    >>> WinnerTakeAll("encoder.0", num_macs=4, num_cms=3, num_neurons=8)
    WinnerTakeAll(name='encoder.0', num_macs=4, num_cms=3, num_neurons=8, connections=None, positions=None)
    """

    name: str
    _: KW_ONLY
    num_macs: int
    num_cms: int
    num_neurons: int
    connections: ArrayLike | Sequence[ArrayLike] | None = None
    positions: ArrayLike | None = None

    def __post_init__(self) -> None:
        """Check now what would otherwise fail in the first forward pass."""
        self._layout(self.name, num_sources=1)

    def layout(self, module: nn.Module, *, name: str, num_sources: int) -> LayerLayout:
        """As the user said."""
        return self._layout(name, num_sources)

    def read(self, module: nn.Module, output: Any, layout: LayerLayout) -> Codes:
        """Winners and activity, both from the output."""
        holds_winners = isinstance(output, Tensor) and output.dim() == 3 and _is_whole(output)
        if holds_winners and output.shape[1:] == (layout.num_macs, layout.num_cms):
            return codes_of_winners(output, layout)
        return codes_of_cells(output, layout)

    def is_training(self, module: nn.Module, model: nn.Module) -> bool:
        """By the model's flag: a part of it may be frozen while the model trains."""
        return model.training

    def _layout(self, name: str, num_sources: int) -> LayerLayout:
        everything = [np.arange(num_sources)] * self.num_macs
        return LayerLayout(
            name=name,
            num_macs=self.num_macs,
            num_cms=self.num_cms,
            num_neurons=self.num_neurons,
            connections=everything if self.connections is None else _as_numpy(self.connections),
            positions=_as_numpy(self.positions),
        )


FAMILIES: tuple[Family, ...] = (SparseyLayers(), Spring2024Layers())


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


@dataclass(frozen=True)
class Layer:
    """A module that is recorded, its name in the model, and how to read it."""

    name: str
    module: nn.Module
    adapter: Adapter


def find_layers(model: nn.Module, named: Sequence[WinnerTakeAll] | None) -> list[Layer]:
    """The layers to record, lowest first.

    Args:
        model: what to look in.
        named: the user's layers, lowest first; None: look for known families, in the order of `named_modules`.
            Parts that are compiled have the names that they would have uncompiled.

    Raises:
        RecordError: there is nothing to record, or no module of a given name.
    """
    if named is None:
        found = [
            Layer(name or type(module).__name__, module, family)
            for name, module in named_parts(model)
            if (family := family_of(module))
        ]
    else:
        modules = dict(named_parts(model, remove_duplicate=False))
        found = [Layer(wanted.name, _module(modules, wanted.name, model), wanted) for wanted in named]
    if not found:
        msg = (
            f"{type(model).__name__}: expected layers with {', '.join(SparseyLayers._LOOKS)}, found none; name "
            "the layers: record(model, path, layers=[WinnerTakeAll('encoder.0', num_macs=…, num_cms=…, "
            f"num_neurons=…)]); the model's modules: {_names(model)}"
        )
        raise RecordError(msg)
    return found


def make_layout(layers: Sequence[Layer], input_shape: tuple[int, ...]) -> Layout:
    """The layout of a model that is fed samples of this shape.

    Raises:
        LayoutError: the layers' parts don't fit each other or the input.
    """
    num_features = num_sources = int(np.prod(input_shape, dtype=np.int64))
    parts = []
    for layer in layers:
        parts.append(layer.adapter.layout(layer.module, name=layer.name, num_sources=num_sources))
        num_sources = parts[-1].num_macs
    return Layout(num_features=num_features, input_shape=input_shape, layers=tuple(parts))


def with_sizes(layout: Layout, index: int, layer: Layer, output: Any) -> Layout:
    """The layout, with what the layer's output shows of its sizes where its adapter is `Sized`."""
    if not isinstance(layer.adapter, Sized):
        return layout
    parts = list(layout.layers)
    parts[index] = layer.adapter.sized(parts[index], output)
    return replace(layout, layers=tuple(parts))


def _module(modules: dict[str, nn.Module], name: str, model: nn.Module) -> nn.Module:
    if name in modules:
        return modules[name]
    others = hint(name, modules) or f" (there are: {_names(model)})"
    msg = f"{type(model).__name__}: expected a module named {name!r}, found none{others}"
    raise RecordError(msg)


def _names(model: nn.Module) -> str:
    names = [name for name, _ in named_parts(model) if name]
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "") or "none"


def _as_numpy(given: Any) -> Any:
    return given.detach().cpu().numpy() if isinstance(given, Tensor) else given


def _is_whole(output: Tensor) -> bool:
    return not (output.is_floating_point() or output.is_complex() or output.dtype is torch.bool)
