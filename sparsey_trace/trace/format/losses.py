"""What a recorder says, as it closes a trace, of what isn't in it: how many passes, and what stopped the recording."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from sparsey_trace.trace.format.depth import read_json
from sparsey_trace.trace.hdf5 import attributes, guarded
from sparsey_trace.trace.hdf5.sound_headers import of_group

if TYPE_CHECKING:
    from collections.abc import Mapping

GROUP, NAME = "progress", "losses"
COUNTS = ("passes", "steps", "left_out", "refused", "drops", "lost")
"""What may be counted, as `Stats` of the recorder has it."""
ERROR = "error"

_BYTES = 400
"""Set aside when the file is made, as nothing grows later; little enough for HDF5 to keep it beside the group."""
_TYPE = h5py.string_dtype("utf-8", _BYTES)


def make_losses(file: h5py.File) -> None:
    """Set the attribute aside in a new file; it is empty until something is written."""
    file[GROUP].attrs.create(NAME, np.array(b"", _TYPE), dtype=_TYPE)


def write_losses(file: h5py.File, losses: Mapping[str, Any]) -> None:
    """Write it in place, also while readers look on.

    Args:
        file: the open file.
        losses: counts by the names of `COUNTS`, and `error`, in words, which is cut to what fits.
    """
    attribute = h5py.h5a.open(file[GROUP].id, NAME.encode())
    attribute.write(np.array(_text(losses), f"S{_BYTES}"), mtype=attribute.get_type())


def read_losses(file: h5py.File) -> dict[str, Any]:
    """What was written; nothing where nothing was.

    Raises:
        KeyError, ValueError: there is something else.
    """
    text = of_group(file, GROUP, NAME, _read_text) if guarded.has_link(file, GROUP) else ""
    found = read_json(text) if text else {}
    if not isinstance(found, dict) or not all(_is_right(*pair) for pair in found.items()):
        msg = f"{NAME}: expected counts of {', '.join(COUNTS)} and an {ERROR}, as a JSON object, found {text[:80]!r}"
        raise ValueError(msg)
    return found


def _read_text(group: h5py.Group) -> str:
    return attributes.read_text(group, NAME) if attributes.has_attribute(group, NAME) else ""


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


def _text(losses: Mapping[str, Any]) -> bytes:
    """As JSON, the error cut off where it is too long."""
    error = losses.get(ERROR, "")
    while len(text := json.dumps(dict(losses) | ({ERROR: error} if error else {})).encode()) > _BYTES:
        error = error[: -max(1, (len(text) - _BYTES) // 6) - 1] + "…"
    return text
