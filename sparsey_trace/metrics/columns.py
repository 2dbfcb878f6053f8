"""Columns that tables of every kind have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sparsey_trace.layout import PHASES

if TYPE_CHECKING:
    from numpy.typing import NDArray


def phase_column(phase: NDArray[Any]) -> pa.DictionaryArray:
    """The column `phase` from the numbers [n] that stand for phases in a trace.

    >>> phase_column(np.array([1, 0])).to_pylist()
    ['eval', 'train']
    """
    return pa.DictionaryArray.from_arrays(pa.array(phase.astype(np.int8)), list(PHASES))
