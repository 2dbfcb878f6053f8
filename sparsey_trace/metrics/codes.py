"""Codes as keys: one comparable number for each code, exact for every length.

A key holds the MAC and its winners, bit by bit, so that two keys are equal when the MAC and the code
are, and sorting keys sorts by MAC first. Where that fits 64 bits a key is a uint64; longer ones are
byte strings (numpy's void dtype), slower but just as exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.layout import LayerLayout


def bits_of(count: int) -> int:
    """How many bits tell `count` things apart.

    >>> [bits_of(count) for count in (1, 2, 3, 256, 257)]
    [0, 1, 2, 8, 9]
    """
    return (count - 1).bit_length()


def key_dtype(layer: LayerLayout) -> np.dtype[Any]:
    """uint64 where MAC and code fit 64 bits, otherwise a void dtype of their bytes."""
    bits = bits_of(layer.num_macs) + layer.num_cms * bits_of(layer.num_neurons)
    if bits <= 64:
        return np.dtype(np.uint64)
    return np.dtype((np.void, 4 + layer.num_cms * layer.code_dtype.itemsize))


def code_keys(layer: LayerLayout, codes: NDArray[Any]) -> NDArray[Any]:
    """Keys of the codes of all MACs.

    Args:
        layer: the layer.
        codes: [n, M, Q] winners.

    Returns:
        [n, M] of `key_dtype`.
    """
    dtype = key_dtype(layer)
    macs = np.arange(layer.num_macs)
    if dtype == np.uint64:
        width = np.uint64(bits_of(layer.num_neurons))
        keys = np.broadcast_to(macs.astype(np.uint64), codes.shape[:2]).copy()
        for cm in range(layer.num_cms):
            keys <<= width
            keys |= codes[:, :, cm]
        return keys
    # Big-endian, so that byte order is number order.
    heads = np.broadcast_to(macs.astype(">u4").view(np.uint8).reshape(-1, 4), (*codes.shape[:2], 4))
    tails = codes.astype(codes.dtype.newbyteorder(">")).view(np.uint8)
    return np.concatenate([heads, tails], axis=2).view(dtype)[:, :, 0]


def key_macs(layer: LayerLayout, keys: NDArray[Any]) -> NDArray[np.int64]:
    """[C] int64, the MACs that the keys [C] belong to."""
    if keys.dtype == np.uint64:
        shift = layer.num_cms * bits_of(layer.num_neurons)
        return (keys >> np.uint64(shift)).astype(np.int64) if shift < 64 else np.zeros(len(keys), np.int64)
    heads = keys.view(np.uint8).reshape(len(keys), keys.dtype.itemsize)[:, :4]
    return np.ascontiguousarray(heads).view(">u4")[:, 0].astype(np.int64)


def first_of_each(keys: NDArray[Any], samples: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The distinct keys, sorted, and the smallest sample that goes with each.

    Args:
        keys: [n] of any key dtype.
        samples: [n] int64.
    """
    distinct, back = np.unique(keys, return_inverse=True)
    first = np.full(len(distinct), np.iinfo(np.int64).max)
    np.minimum.at(first, back, samples)
    return distinct, first
