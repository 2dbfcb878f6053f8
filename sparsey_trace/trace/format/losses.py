"""What a recorder says, as it closes a trace, of what isn't in it: how many passes, and what stopped the recording."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import DataError
from sparsey_trace.trace.format.told_at_close import ToldAtClose

if TYPE_CHECKING:
    from collections.abc import Mapping

    import h5py

COUNTS = ("passes", "steps", "left_out", "refused", "drops", "lost")
"""What may be counted, as `Stats` of the recorder has it."""
ERROR = "error"

_EXPECTED = f"counts of {', '.join(COUNTS)} and an {ERROR}"

TOLD = ToldAtClose("losses", 400)


def write_losses(file: h5py.File, losses: Mapping[str, Any]) -> None:
    """Write them in place, also while readers look on.

    Args:
        file: the open file.
        losses: counts by the names of `COUNTS`, and `error`, in words, which is cut to what fits.
    """
    TOLD.write(file, _fitting(losses))


def read_losses(file: h5py.File) -> dict[str, Any]:
    """What was written; nothing where nothing was.

    Raises:
        KeyError, ValueError: there is something else.
    """
    found = TOLD.read(file)
    if not isinstance(found, dict) or not all(_is_right(*pair) for pair in found.items()):
        msg = f"{TOLD.name}: expected {_EXPECTED}, as a JSON object, found {str(found)[:80]}"
        raise ValueError(msg)
    return found


def check_losses(losses: Mapping[str, Any], where: str) -> None:
    """See that these can be written, and read again.

    Raises:
        DataError: they can't.
    """
    for pair in losses.items():
        if not _is_right(*pair):
            msg = f"{where}: {TOLD.name}: expected {_EXPECTED}, found {dict([pair])}"
            raise DataError(msg)


def losses_in_words(losses: Mapping[str, Any]) -> str:
    """In one line; empty where there are none.

    >>> losses_in_words({"passes": 9, "steps": 5, "left_out": 1, "lost": 3, "error": "no space left"})
    '5 of 9 passes are here, 1 left out by sampling, 3 lost; recording has stopped: no space left'
    """
    words = {
        "left_out": "left out by sampling",
        "refused": "left out as bad",
        "drops": "dropped",
        "lost": "lost",
    }
    clauses = [f"{losses['steps']:,} of {losses['passes']:,} passes are here"] if "passes" in losses else []
    clauses += [f"{losses[name]:,} {word}" for name, word in words.items() if losses.get(name)]
    stopped = f"recording has stopped: {losses[ERROR]}" if ERROR in losses else ""
    return "; ".join(filter(None, [", ".join(clauses), stopped]))


def _is_right(name: object, value: object) -> bool:
    if name == ERROR:
        return isinstance(value, str)
    return name in COUNTS and type(value) is int and value >= 0


def _fitting(losses: Mapping[str, Any]) -> dict[str, Any]:
    """With the error cut off where it is too long."""
    error = losses.get(ERROR, "")
    while True:
        found = dict(losses) | ({ERROR: error} if error else {})
        if (more := len(json.dumps(found)) - TOLD.size) <= 0:
            return found
        error = error[: -max(1, more // 6) - 1] + "…"
