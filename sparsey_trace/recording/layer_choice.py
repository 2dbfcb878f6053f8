"""Which layers of a model are recorded, and what the others mean for the wiring of these."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from sparsey_trace.connections import EVERYTHING, PADDING
from sparsey_trace.errors import RecordError, UsageError
from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.recording.adapters.base import NamedAdapter
from sparsey_trace.recording.adapters.find import find_layers, known_layers, module_named
from sparsey_trace.recording.adapters.make_layout import make_layout, shape_of_sample

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray
    from torch import nn

    from sparsey_trace.recording.adapters.base import ModelLayer


@dataclass(frozen=True)
class LayerChoice:
    """The layers of a model, lowest first, and the names of those that aren't recorded."""

    all_layers: Sequence[ModelLayer]
    left_out: Sequence[str] = ()

    @property
    def layers(self) -> list[ModelLayer]:
        """Those that are recorded, lowest first."""
        return [layer for layer in self.all_layers if layer.name not in self.left_out]

    def layout(self, fed: tuple[int, ...]) -> Layout:
        """The layout of what is recorded, of a model that is fed samples of this shape.

        Raises:
            LayoutError: the layers don't fit each other or the input.
        """
        top = self.all_layers.index(self.layers[-1])
        shape = shape_of_sample(self.all_layers[0], fed)
        return without(make_layout(self.all_layers[: top + 1], shape), self.left_out)


LayersWanted = str | NamedAdapter | Iterable[str | NamedAdapter] | None
"""Names of layers of known families, or layers of any kind; one, or several; None for all of known families."""


def choose_layers(model: nn.Module, wanted: LayersWanted) -> LayerChoice:
    """What to record of a model.

    Args:
        model: what to look in.
        wanted: the user's own layers, lowest first; or names of layers of known families, in any order; None:
            all layers of known families.

    Raises:
        RecordError: there is nothing to record, or no layer of a given name.
        UsageError: `wanted` is none of the above.

    >>> import torch
    >>> from sparsey_trace.recording import WinnerTakeAll
    >>> pooled = WinnerTakeAll("0", num_macs=1, num_cms=2, num_neurons=3)
    >>> [layer.name for layer in choose_layers(torch.nn.Sequential(torch.nn.Hardtanh(0, 1)), pooled).layers]
    ['0']
    """
    if wanted is None:
        return LayerChoice(find_layers(model, None))
    are_many = isinstance(wanted, Iterable) and not (isinstance(wanted, str) or hasattr(wanted, "read"))
    listed: list[Any] = [*cast("Iterable[Any]", wanted)] if are_many else [wanted]
    names = [name for name in listed if isinstance(name, str)]
    described = [layer for layer in listed if not isinstance(layer, str)]
    if names and described:
        msg = f"layers: expected names or layers, found both: {', '.join(map(repr, names))} and {described[0]!r}"
        raise UsageError(msg)
    if not names:
        for layer in described:
            _check_adapter(layer)
        return LayerChoice(find_layers(model, described))
    known = known_layers(model)
    for name in names:
        _check_known(name, [layer.name for layer in known], model)
    return LayerChoice(known, [layer.name for layer in known if layer.name not in names])


def _check_adapter(layer: Any) -> None:
    lacking = [name for name in ("layout", "read", "is_training") if not callable(getattr(layer, name, None))]
    if not isinstance(getattr(layer, "name", None), str):
        lacking.insert(0, "name")
    if lacking:
        msg = (
            "layers: expected names, WinnerTakeAll(…) or adapters, which have name, layout, read and is_training, "
            f"found {layer!r} without {', '.join(lacking)}"
        )
        raise UsageError(msg)


def without(layout: Layout, left_out: Collection[str]) -> Layout:
    """A layout without some of its layers: who listened to their MACs listens to what these listen to.

    >>> from sparsey_trace import LayerLayout
    >>> sizes = dict(num_cms=2, num_neurons=3)
    >>> v1 = LayerLayout(name="v1", num_macs=3, connections=[[0, 1], [1, 2], [4]], **sizes)
    >>> v2 = LayerLayout(name="v2", num_macs=2, connections=[[0, 1], [2]], **sizes)
    >>> without(Layout(num_features=5, layers=[v1, v2]), ["v1"]).layers[0].connections.tolist()
    [[0, 1, 2], [4, -1, -1]]
    """
    kept: list[LayerLayout] = []
    between: LayerLayout | None = None
    for layer in layout.layers:
        heard = layer if between is None else _rewired(layer, between)
        between = heard if layer.name in left_out else None
        if between is None:
            kept.append(heard)
    return replace(layout, layers=tuple(kept))


def _rewired(layer: LayerLayout, below: LayerLayout) -> LayerLayout:
    """A layer that listens to what the MACs below listen to, rather than to these MACs."""
    if below.hears_everything:
        heard: Any = EVERYTHING
    elif layer.hears_everything:
        heard = [_without_padding(np.unique(below.connections))] * layer.num_macs
    else:
        rows = (below.connections[row[row != PADDING]] for row in layer.connections)
        heard = [_without_padding(np.unique(row)) for row in rows]
    return LayerLayout(
        name=layer.name,
        num_macs=layer.num_macs,
        num_cms=layer.num_cms,
        num_neurons=layer.num_neurons,
        connections=heard,
        positions=layer.positions,
    )


def _without_padding(row: NDArray[np.int32]) -> NDArray[np.int32]:
    found: NDArray[np.int32] = row[row != PADDING]
    return found


def _check_known(name: str, names: Sequence[str], model: nn.Module) -> None:
    if name in names:
        return
    module = module_named(name, model)
    others = f" (layers that are: {', '.join(names)})" if names else ""
    msg = (
        f"{type(model).__name__}: layers: expected the name of a layer of a known kind{others}, found {name!r} "
        f"of class {type(module).__name__}; describe it: WinnerTakeAll({name!r}, num_macs=…, num_cms=…, num_neurons=…)"
    )
    raise RecordError(msg)
