"""Histograms of training and evaluation apart: what those who draw them need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

CALLED = {"train": "training", "eval": "evaluation"}
"""Phases in legends."""


class Histogram(Protocol):
    """One layer's."""

    @property
    def edges(self) -> NDArray[np.float64]:
        """[B + 1] the edges of bins."""
        ...

    @property
    def bins(self) -> Sequence[str]:
        """[B] what each bin holds, in words."""
        ...

    @property
    def counts(self) -> Mapping[str, NDArray[np.int64]]:
        """Phase to [B], how many fall into each bin; phases without any are left out."""
        ...


def share(found: Histogram, phase: str) -> NDArray[np.float64]:
    """[B] float64, the share of a phase in each bin."""
    counts = found.counts[phase]
    shares: NDArray[np.float64] = counts / counts.sum()
    return shares
