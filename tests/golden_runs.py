"""The golden runs of `tests/golden/README.md`, as chunks beside what the original system said of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.chunk import Chunk
from sparsey_trace.connections import PADDING
from sparsey_trace.layout import LayerLayout, Layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER = Path(__file__).parent / "golden"

GOLDEN = ("spring_digits_all_active", "spring_digits_silent", "final_mnist_rect")

METRICS = (
    "num_activations",
    "basis_set_size",
    "feature_coverage",
    "match_accuracy",
    "basis_average",
    "sisc_adherence",
)


def load_golden(name: str) -> tuple[Chunk, dict[str, NDArray[Any]]]:
    """The whole run, and every array of what the original said, by its name in the file."""
    with np.load(FOLDER / f"{name}.npz") as arrays:
        stored = dict(arrays)
    layers = range(int(stored["num_layers"]))
    num_features = int(stored["num_features"])
    run = Chunk(
        layout=Layout(num_features=num_features, layers=tuple(_layer(stored, index) for index in layers)),
        start=0,
        step=stored["step"].astype(np.int64),
        epoch=stored["epoch"].astype(np.int32),
        phase=stored["phase"].astype(np.uint8),
        label=stored["label"].astype(np.int64),
        inputs=np.unpackbits(stored["inputs"], axis=1, count=num_features),
        codes=tuple(stored[f"layer{index}_codes"] for index in layers),
        active=tuple(stored[f"layer{index}_active"] for index in layers),
    )
    return run, {key: array for key, array in stored.items() if key.startswith(METRICS)}


def _layer(stored: dict[str, NDArray[Any]], index: int) -> LayerLayout:
    num_macs, num_cms, num_neurons = stored[f"layer{index}_shape"].tolist()
    return LayerLayout(
        name=f"layer{index}",
        num_macs=num_macs,
        num_cms=num_cms,
        num_neurons=num_neurons,
        connections=[row[row != PADDING] for row in stored[f"layer{index}_connections"]],
        positions=stored[f"layer{index}_positions"],
    )
