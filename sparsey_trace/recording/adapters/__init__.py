"""How to read the layers of a model: one adapter for each family of models.

This is what authors of adapters import. An adapter is a class with the methods of `Family`:

- `recognises(module)`: whether a module is a layer of the family; the first family that says so reads it, this
  package's own before those of others;
- `layout(module, name=…, num_sources=…)`: what a layer is made of, as a `sparsey_trace.LayerLayout`; where Q and K are
  known from a layer's output only, `Sized.sized` adds them, and where samples have axes that only the model needs,
  `Shaped.input_shape` leaves them out;
- `read(module, output, layout)`: the layer's codes after a forward pass, as `Codes`: `codes_of_cells` makes them of
  cells, `codes_of_winners` of winners, and `Codes(cells_of(output, layout), active)` of cells with flags of activity;
- `is_training(module, model)`: whether the pass belongs to training.

A package offers its adapter in the entry-point group `sparsey_trace.adapters`; `record` then knows the family's models
by their looks. A single model needs none: its user describes its layers, each with `WinnerTakeAll`, or with an
object of their own that has `layout`, `read`, `is_training` and a `name`, and gives these to `record(…, layers=…)`.
"""

from sparsey_trace.recording.adapters.base import Adapter, Family, NamedAdapter, Shaped, Sized
from sparsey_trace.recording.adapters.codes import Codes, cells_of, codes_of_cells, codes_of_winners
from sparsey_trace.recording.adapters.sparsey import SparseyLayers
from sparsey_trace.recording.adapters.spring2024 import Spring2024Layers
from sparsey_trace.recording.adapters.winner_take_all import WinnerTakeAll

__all__ = [
    "Adapter",
    "Codes",
    "Family",
    "NamedAdapter",
    "Shaped",
    "Sized",
    "SparseyLayers",
    "Spring2024Layers",
    "WinnerTakeAll",
    "cells_of",
    "codes_of_cells",
    "codes_of_winners",
]
