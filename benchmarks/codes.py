"""How many bytes the codes of a run take, in this format and in others."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import h5py
import numpy as np

from sparsey_trace import open_trace

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sparsey_trace import Chunk

_SAMPLES_ZIPPED = 1024


def stored_bytes(path: Path, name: str) -> int:
    """What the datasets of that name of all layers take in the file, in chunks and tail: `codes` or `active`."""
    with h5py.File(path) as file:
        places = (file["layers"], file["tail/layers"])
        return sum(layer[name].id.get_storage_size() for place in places for layer in place.values())


def dense_bytes(run: Chunk) -> float:
    """A sample as float32 zeros and ones, a number for each neuron."""
    return 4.0 * sum(x.num_macs * x.num_cms * x.num_neurons for x in run.layout.layers)


def zipped_bytes(run: Chunk) -> float:
    """The same through gzip's compression (level 4), 1,024 samples at a time as HDF5 would."""
    samples = min(len(run), _SAMPLES_ZIPPED)
    return (
        sum(
            len(zlib.compress(_dense(codes[:samples], active[:samples], layer.num_neurons), 4))
            for codes, active, layer in zip(run.codes, run.active, run.layout.layers, strict=True)
        )
        / samples
    )


def entropy_bytes(run: Chunk) -> float:
    """The zero-order entropy of a sample's winners: of each CM alone, over the samples in which it is active."""
    bits = 0.0
    for codes, active, layer in zip(run.codes, run.active, run.layout.layers, strict=True):
        for winner in range(layer.num_neurons):
            count = ((codes == winner) & active[:, :, None]).sum(axis=0)
            share = count / np.maximum(1, active.sum(axis=0))[:, None]
            bits -= float((count * np.log2(np.where(share > 0, share, 1))).sum())
    return bits / 8 / len(run)


def silent_entropy_bytes(run: Chunk) -> float:
    """The same where silence is one more winner of each CM, as it is in what is stored of winners."""
    bits = 0.0
    for codes, active, layer in zip(run.codes, run.active, run.layout.layers, strict=True):
        counts = [((codes == winner) & active[:, :, None]).sum(axis=0) for winner in range(layer.num_neurons)]
        counts.append(np.broadcast_to((~active).sum(axis=0)[:, None], codes.shape[1:]))
        for count in counts:
            bits -= float((count * np.log2(np.where(count > 0, count / len(run), 1))).sum())
    return bits / 8 / len(run)


def code_entropy_bytes(run: Chunk) -> float:
    """The same of whole codes: of each MAC's, over the samples in which it is active."""
    bits = 0.0
    for codes, active in zip(run.codes, run.active, strict=True):
        for mac in range(active.shape[1]):
            count = np.unique(codes[active[:, mac], mac], axis=0, return_counts=True)[1]
            bits -= float((count * np.log2(count / max(1, count.sum()))).sum())
    return bits / 8 / len(run)


def run_of(path: Path) -> Chunk:
    """All of a trace."""
    with open_trace(path) as trace:
        return trace.chunk(0, len(trace))


def _dense(codes: NDArray[np.uint8], active: NDArray[np.bool_], num_neurons: int) -> bytes:
    cells = (codes[..., None] == np.arange(num_neurons)) & active[:, :, None, None]
    return cells.astype(np.float32).tobytes()
