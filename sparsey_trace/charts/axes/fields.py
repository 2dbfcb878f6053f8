"""Receptive fields: the part of a picture that holds them, and their outlines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def cut(
    pictures: NDArray[np.float32], fields: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The parts of pictures, and of fields, that hold the fields; all as large as the largest field.

    Args:
        pictures: [m, H, W].
        fields: [m, H, W].
    """
    down, across = (_window(np.any(fields, axis=side)) for side in (2, 1))
    mac = np.arange(len(fields))[:, None, None]
    part = (mac, down[:, :, None], across[:, None, :])
    return pictures[part], fields[part]


def _window(hit: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each row of [m, N], n indices [m, n]: those that are hit, in the middle as far as can be."""
    first, last = hit.argmax(axis=1), hit.shape[1] - hit[:, ::-1].argmax(axis=1)
    size = (last - first).max()
    start = np.clip((first + last - size) // 2, 0, hit.shape[1] - size)
    return np.asarray(start[:, None] + np.arange(size))


def outline(field: NDArray[np.bool_]) -> NDArray[np.float64]:
    """[edges, 2, 2] float64, the sides of a field's features that face outwards, from (x, y) to (x, y) in features.

    >>> len(outline(np.array([[True, True]])))
    6
    """
    padded = np.pad(field, 1)
    y, x = np.nonzero(padded[1:, 1:-1] != padded[:-1, 1:-1])
    level = np.stack([np.stack([x, y], 1), np.stack([x + 1, y], 1)], 1)
    y, x = np.nonzero(padded[1:-1, 1:] != padded[1:-1, :-1])
    upright = np.stack([np.stack([x, y], 1), np.stack([x, y + 1], 1)], 1)
    return np.concatenate([level, upright]).astype(np.float64)
