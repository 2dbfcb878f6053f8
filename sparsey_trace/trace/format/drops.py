"""Steps that should be in a trace and are not: their numbers, and why."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

REASON_BYTES = 120
DROP = np.dtype([("step", "<i8"), ("reason", h5py.string_dtype("utf-8", REASON_BYTES))])
"""An entry of the list, as it is stored."""

PER_CHUNK = 128
NO_STEP = -1
"""Stands in the list where nothing was written yet."""
NOTHING = np.array((NO_STEP, b""), DROP)


def as_stored(drops: Iterable[tuple[int, str]]) -> NDArray[Any]:
    """[n] `DROP`, of steps and reasons.

    >>> as_stored([(7, "Sparsey: step 7, sample 60: input: a nan")])["reason"].tolist()
    [b'input: a nan']
    """
    return np.array([(step, _short(reason)) for step, reason in drops], DROP)


def reasons_of(stored: NDArray[Any]) -> dict[int, str]:
    """Step to reason, of [n] `DROP` in any order; empty where none was told."""
    pairs = zip(stored["step"].tolist(), stored["reason"].tolist(), strict=True)
    return {step: reason.decode(errors="replace") for step, reason in sorted(pairs)}


def _short(reason: str) -> bytes:
    """What fits, in one line, without the step that it is of."""
    text = re.sub(r"^.*?\bstep \d+(, sample \d+)?: ", "", " ".join(reason.split()))
    return text.encode()[:REASON_BYTES].decode(errors="ignore").encode()
