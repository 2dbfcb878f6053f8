"""Whole models of either generation, from a few numbers for each layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tests.sparseypy.standins import final, spring

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

StandIn = spring.Model | final.Model
Kind = TypeVar("Kind", spring.Model, final.Model)


class Part(NamedTuple):
    """What a layer is made from.

    Attributes:
        grid: the MACs' rows and columns.
        num_cms: Q.
        num_neurons: K.
        radius: of a receptive field.
        layout: of the grid, `rect` or `hex`.
        wiring: what each MAC listens to, instead of all within the radius.
    """

    grid: tuple[int, int]
    num_cms: int
    num_neurons: int
    radius: float
    layout: str = "rect"
    wiring: Sequence[Tensor] | None = None


def build(kind: type[Kind], pixels: tuple[int, int], parts: Sequence[Part]) -> Kind:
    """A model of either generation, over inputs of rows x columns."""
    model, below = kind(), Part(pixels, 1, 1, 0.0)
    for index, part in enumerate(parts):
        add = _add_spring if isinstance(model, spring.Model) else _add_final
        add(model, index, part, below)
        below = part
    return model


def _add_spring(model: spring.Model, index: int, part: Part, below: Part) -> None:
    model.add_layer(
        spring.SparseyLayer(
            layer_index=index,
            grid=part.grid,
            grid_layout=part.layout,
            num_cms=part.num_cms,
            num_neurons=part.num_neurons,
            mac_receptive_field_radius=part.radius,
            below=(*below.grid, below.num_cms, below.num_neurons),
            layout_below=below.layout,
            wiring=part.wiring,
        )
    )


def _add_final(model: final.Model, index: int, part: Part, below: Part) -> None:
    model.add_layer(
        final.SparseyLayer(
            layer_index=index,
            grid=part.grid,
            grid_layout=part.layout,
            num_cms=part.num_cms,
            num_neurons=part.num_neurons,
            mac_receptive_field_size=part.radius,
            grid_below=below.grid,
            cells_below=below.num_cms * below.num_neurons,
            layout_below=below.layout,
            wiring=part.wiring,
        )
    )


def sample_shape(model: StandIn) -> tuple[int, ...]:
    """Of one of the model's inputs: (rows, columns, 1, 1) or (D, 1)."""
    return next(model.children()).prev_layer_output_shape
