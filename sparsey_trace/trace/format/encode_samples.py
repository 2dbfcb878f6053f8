"""What is known of each sample, as a trace has it: its step, epoch, phase, time, and marks."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import DataError
from sparsey_trace.layout import MARKS, NO_LABEL, PHASES
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.numbers import as_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_LIMITS = {name: np.iinfo(schema.SAMPLE_COLUMNS[name]) for name in ("step", "epoch")}
_MOST = np.iinfo(np.int64).max


def encode_samples(
    steps: Sequence[Mapping[str, Any]], sizes: Sequence[int], where: str
) -> dict[str, NDArray[Any]]:
    """The columns of what is known of each sample.

    Args:
        steps: of each step its number (`step`), `epoch`, `phase` (a name) and `time`; and its marks, by the names of
            `MARKS`, each [B], or one number for all samples but for labels, or None.
        sizes: B, of each step.
        where: the file and the first step, for messages.

    Returns:
        Column path to array, [samples of all steps] each.

    Raises:
        DataError: something else was found.
    """
    checked = [_checked(step, size, where) for step, size in zip(steps, sizes, strict=True)]
    return {
        f"samples/{name}": _column([step[name] for step in checked], sizes, kind)
        for name, kind in schema.SAMPLE_COLUMNS.items()
    }


def _column(found: Sequence[Any], sizes: Sequence[int], kind: str) -> NDArray[Any]:
    """One value, or one for each of its samples, of each step, as a value of each sample."""
    if not any(isinstance(value, np.ndarray) for value in found):
        return np.repeat(np.array(found, kind), sizes)
    return np.concatenate([np.full(size, value, kind) for value, size in zip(found, sizes, strict=True)])


def _checked(step: Mapping[str, Any], size: int, where: str) -> dict[str, Any]:
    phase = step["phase"]
    if not isinstance(phase, str) or phase not in PHASES:
        msg = f"{where}: phase: expected 'train' or 'eval', found {phase!r}"
        raise DataError(msg)
    return {
        "step": _whole(step["step"], "step", where),
        "epoch": _whole(step["epoch"], "epoch", where),
        "phase": PHASES.index(phase),
        "time": _time(step["time"], where),
    } | {column: _marks(step.get(name), name, size, where) for name, column in MARKS.items()}


def _whole(given: Any, name: str, where: str) -> int:
    limits = _LIMITS[name]
    try:
        value = operator.index(given)
    except TypeError:
        value = limits.max + 1
    if not limits.min <= value <= limits.max:
        msg = f"{where}: {name}: expected a whole number that fits {limits.dtype}, found {given!r}"
        raise DataError(msg)
    return value


def _time(given: Any, where: str) -> float:
    try:
        value = float(given) if hasattr(given, "__float__") else math.nan
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        msg = f"{where}: time: expected seconds since 1970-01-01 as a finite number, found {given!r}"
        raise DataError(msg)
    return value


def _marks(given: Any, name: str, size: int, where: str) -> Any:
    """[B] whole numbers, or one for all; the one that stands for unknown where there are none."""
    if given is None:
        return NO_LABEL
    marks = as_numbers(given, f"{where}: {name}")
    is_one = not marks.shape and name != "labels"
    if (marks.shape != (size,) and not is_one) or marks.dtype.kind not in "iub":
        msg = (
            f"{where}: {name}: expected {size} whole numbers, one for each sample, "
            f"found {marks.dtype} of shape {marks.shape}"
        )
        raise DataError(msg)
    if marks.max() > _MOST:
        msg = f"{where}: {name}: expected whole numbers that fit int64, found {marks.max()}"
        raise DataError(msg)
    return marks
