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
    of_steps = {
        "step": _whole_numbers(steps, "step", where),
        "epoch": _whole_numbers(steps, "epoch", where),
        "phase": [_phase(step["phase"], where) for step in steps],
        "time": _times(steps, where),
    }
    kinds, counts = schema.SAMPLE_COLUMNS, np.asarray(sizes)
    found = {name: np.array(given, kinds[name]).repeat(counts) for name, given in of_steps.items()}
    for name, column in MARKS.items():
        marks = [step.get(name) for step in steps]
        found[column] = _mark_column(marks, name, sizes, where).astype(kinds[column], copy=False)
    return {f"samples/{name}": found[name] for name in kinds}


def _mark_column(marks: Sequence[Any], name: str, sizes: Sequence[int], where: str) -> NDArray[Any]:
    """A mark of each sample, from one for all of a step's, or one for each, or None."""
    if all(given is None for given in marks):
        return np.full(sum(sizes), NO_LABEL)
    of_steps = [_marks(given, name, size, where) for given, size in zip(marks, sizes, strict=True)]
    return np.concatenate([np.full(size, of, np.int64) for of, size in zip(of_steps, sizes, strict=True)])


def _phase(given: Any, where: str) -> int:
    if not isinstance(given, str) or given not in PHASES:
        msg = f"{where}: phase: expected 'train' or 'eval', found {given!r}"
        raise DataError(msg)
    return PHASES.index(given)


def _whole_numbers(steps: Sequence[Mapping[str, Any]], name: str, where: str) -> Sequence[int]:
    found, limits = [step[name] for step in steps], _LIMITS[name]
    # All at once where they are Python's own, as of a recorder.
    if set(map(type, found)) == {int} and limits.min <= min(found) and max(found) <= limits.max:
        return found
    return [_whole(given, name, where) for given in found]


def _times(steps: Sequence[Mapping[str, Any]], where: str) -> Sequence[float]:
    found = [step["time"] for step in steps]
    if set(map(type, found)) == {float} and all(map(math.isfinite, found)):
        return found
    return [_time(given, where) for given in found]


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
