"""How to read a layer: one class for each family of models.

An adapter says what a layer is made of (`layout`), finds its winners in what a forward pass left
(`read`), and knows whose training flag counts (`is_training`). A family that can be told by its looks
also has `recognises`, and stands in `find.FAMILIES`, or is offered by another package in the entry-point group
`sparsey_trace.adapters`; others are named by the user.
"""

from sparsey_trace.recording.adapters.base import Adapter, Family, Sized
from sparsey_trace.recording.adapters.codes import Codes, cells_of, codes_of_cells, codes_of_winners
from sparsey_trace.recording.adapters.sparsey import SparseyLayers
from sparsey_trace.recording.adapters.spring2024 import Spring2024Layers
from sparsey_trace.recording.adapters.winner_take_all import WinnerTakeAll

__all__ = [
    "Adapter",
    "Codes",
    "Family",
    "Sized",
    "SparseyLayers",
    "Spring2024Layers",
    "WinnerTakeAll",
    "cells_of",
    "codes_of_cells",
    "codes_of_winners",
]
