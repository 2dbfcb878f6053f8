"""A job array on the command line: one part of it, and what all have left."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import UsageError
from sparsey_trace.support.printable import printable

from .printing import write, write_json

if TYPE_CHECKING:
    from sparsey_trace.replay.job_array.array import ArrayState
    from sparsey_trace.trace.reading.trace import Trace

_OTHERS = ("n_jobs", "engine", "cache")
"""Options that an array has no use for: its parts are its jobs."""


def do_part(
    trace: "Trace", part: str, wanted: Mapping[str, Any], *, as_json: bool, progress_bar: bool
) -> None:
    """Do one part, and say what is to be done next.

    Args:
        trace: the trace.
        part: as on the command line.
        wanted: the arguments of `analyze`.
        as_json: how to say it.
        progress_bar: whether to show progress.

    Raises:
        UsageError: there is no such part.
    """
    from sparsey_trace.replay.job_array.parts import analyze_part

    found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", part)
    if found is None:
        msg = f"--part: expected a part such as 3/100, found {part!r}"
        raise UsageError(msg)
    which = int(found[1]), int(found[2])
    given = {name: value for name, value in wanted.items() if name not in _OTHERS}
    _show(analyze_part(trace, part=which, **given, progress_bar=progress_bar), as_json=as_json)


def merge_array(folders: list[str], *, as_json: bool) -> None:
    """Make one of what all parts have left in a folder, and say what is to be done next.

    Raises:
        UsageError: it isn't one folder that is named.
    """
    from sparsey_trace.replay.job_array.parts import merge_parts

    if len(folders) != 1:
        msg = f"--merge: expected one folder of results, found {len(folders)}"
        raise UsageError(msg)
    _show(merge_parts(folders[0]), as_json=as_json)


def _show(state: "ArrayState", *, as_json: bool) -> None:
    if as_json:
        write_json(asdict(state))
    else:
        write(printable(str(state)))
