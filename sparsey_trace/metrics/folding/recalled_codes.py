"""Codes of the samples that an analysis asks for again and again, looked up in the run once each."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from sparsey_trace.layout import Layout

Codes: TypeAlias = "tuple[Sequence[NDArray[Any]], Sequence[NDArray[np.bool_]]]"
"""Of n samples, per layer: the codes [n, M, Q], and which MACs were active [n, M]."""

KEPT_CODES_BYTES = 16 << 20
"""That the codes of all samples together may take: those of 9,000 samples of 364 MACs with Q = 4."""


class RecalledCodes:
    """Codes of some samples of a run; for threads to share.

    Whatever is nearest to an input may have been learnt anywhere in the run, so that of a long one the same chunks
    would be decoded again for each chunk that asks.

    Args:
        samples: [T] int64, ascending: those whose codes are kept once they were asked for, unless they are too many.
        layout: of the run.
        look_up: gives the codes of samples [n] of the run.
    """

    def __init__(
        self, samples: NDArray[np.int64], layout: Layout, look_up: Callable[[NDArray[np.int64]], Codes]
    ) -> None:
        """Nothing is looked up yet."""
        each = sum(
            layer.num_macs * (layer.num_cms * layer.code_dtype.itemsize + 1) for layer in layout.layers
        )
        self._samples = samples if len(samples) * each <= KEPT_CODES_BYTES else samples[:0]
        self._look_up, self._lock = look_up, threading.Lock()
        self._is_known = np.zeros(len(self._samples), np.bool_)
        shapes = [(len(self._samples), layer.num_macs, layer.num_cms) for layer in layout.layers]
        # Memory that the system gives page by page, as it is written to.
        self._codes = [
            np.empty(shape, layer.code_dtype) for shape, layer in zip(shapes, layout.layers, strict=True)
        ]
        self._active = [np.empty(shape[:2], np.bool_) for shape in shapes]

    def __call__(self, samples: NDArray[np.int64]) -> Codes:
        """Codes of samples [n] of the run, in the order given."""
        place = np.searchsorted(self._samples, samples)
        if not (place < len(self._samples)).all() or (self._samples[place] != samples).any():
            return self._look_up(samples)
        self._have(np.unique(place))
        return [codes[place] for codes in self._codes], [active[place] for active in self._active]

    def _have(self, places: NDArray[np.int64]) -> None:
        """Look up what isn't known of these places [n]; ascending, so that no chunk is decoded twice."""
        with self._lock:
            places = places[~self._is_known[places]]
            if not len(places):
                return
            codes, active = self._look_up(self._samples[places])
            for kept, found in zip((*self._codes, *self._active), (*codes, *active), strict=True):
                kept[places] = found
            self._is_known[places] = True
