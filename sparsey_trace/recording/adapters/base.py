"""What an adapter is, and a layer that has one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from torch import Tensor, nn

if TYPE_CHECKING:
    from sparsey_trace.layout import LayerLayout
    from sparsey_trace.recording.adapters.codes import Codes


class Adapter(Protocol):
    """Reads the layers of one family. `read` runs without gradients, and changes nothing it is given."""

    def layout(self, module: nn.Module, *, name: str, num_sources: int) -> LayerLayout:
        """What the layer is made of; `num_sources` things are below it (D, or the MACs of the layer below)."""
        ...

    def read(self, module: nn.Module, output: Any, layout: LayerLayout) -> Codes:
        """The codes that the layer's forward pass left in the module and in its output; they are copied at once."""
        ...

    def is_training(self, module: nn.Module, model: nn.Module) -> bool:
        """Whether the pass belongs to training."""
        ...


@runtime_checkable
class NamedAdapter(Protocol):
    """An adapter of one layer, which it names: what `record(…, layers=…)` takes.

    `WinnerTakeAll` is one; yours may be any object with these.

    Attributes:
        name: the module's name, as in `model.named_modules()`.
    """

    name: str

    def layout(self, module: nn.Module, *, name: str, num_sources: int) -> LayerLayout:
        """As of `Adapter`."""
        ...

    def read(self, module: nn.Module, output: Any, layout: LayerLayout) -> Codes:
        """As of `Adapter`."""
        ...

    def is_training(self, module: nn.Module, model: nn.Module) -> bool:
        """As of `Adapter`."""
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


@runtime_checkable
class Shaped(Protocol):
    """An adapter of models that are fed samples with axes that mean nothing in a trace."""

    def input_shape(self, module: nn.Module, fed: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of a sample, of as many features as the one that the model was fed.

        Args:
            module: the lowest layer.
            fed: the shape of what the model was fed, without the batch.
        """
        ...


@dataclass(frozen=True)
class ModelLayer:
    """A module that is recorded, its name in the model, and how to read it."""

    name: str
    module: nn.Module
    adapter: Adapter


def as_numpy(given: Any) -> Any:
    """A tensor as an array on the host; anything else as it is."""
    return given.detach().cpu().numpy() if isinstance(given, Tensor) else given
