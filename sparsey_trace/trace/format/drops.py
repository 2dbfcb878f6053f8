"""Steps that should be in a trace and are not: their numbers, and why."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from sparsey_trace.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

REASON_BYTES = 120
DROP = np.dtype([("step", "<i8"), ("reason", h5py.string_dtype("utf-8", REASON_BYTES))])
"""An entry of the list, as it is stored."""

PER_CHUNK = 128
NO_STEP = -1
"""Stands in the list where nothing was written yet."""
NOTHING = np.array((NO_STEP, b""), DROP)


_LAST_STEP = int(np.iinfo(np.int64).max)


def checked_drops(steps: Sequence[int], reasons: Sequence[str], where: str) -> list[tuple[int, str]]:
    """Steps with the reason of each, before a file has to do with them.

    Args:
        steps: their numbers.
        reasons: of these, or of the first of them.
        where: the file, for messages.

    Raises:
        DataError: a number that no step has, such as `NO_STEP`; or reasons that aren't words, or more of them.
    """
    given, words = list(steps), list(reasons)
    if len(words) > len(given):
        msg = f"{where}: drops: expected a reason for each step at most, found {len(words)} for {len(given)}"
        raise DataError(msg)
    for reason in words:
        if not isinstance(reason, str):
            msg = f"{where}: drops: expected reasons in words, found {reason!r}"
            raise DataError(msg)
    numbers = [checked_step(step, f"{where}: drops") for step in given]
    return list(zip(numbers, words + [""] * (len(numbers) - len(words)), strict=True))


def checked_step(given: Any, where: str) -> int:
    """The number of a step.

    Args:
        given: a whole number.
        where: the file and what it is, for the message.

    Raises:
        DataError: it is none, or doesn't fit a trace.
    """
    try:
        number = operator.index(given)
    except TypeError:
        number = NO_STEP
    if not 0 <= number <= _LAST_STEP:
        msg = f"{where}: expected the number of a step, from 0 to {_LAST_STEP}, found {given!r}"
        raise DataError(msg)
    return number


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
