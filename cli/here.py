"""What to do next with the traces in the current folder; nothing is opened for it."""

from __future__ import annotations

import shlex
from itertools import islice
from typing import TYPE_CHECKING

from sparsey_trace.support.suggest import TRACES
from sparsey_trace.trace.paths import default_folder

if TYPE_CHECKING:
    from pathlib import Path

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_LOOKED_AT, _SHOWN = 1000, 5


def suggestions(folder: Path) -> list[str]:
    """A line for each of the latest traces: its name, a command, and why that one."""
    try:
        files = [file for file in islice(folder.iterdir(), _LOOKED_AT) if _is_hdf5(file)]
        latest = sorted(files, key=lambda file: (-file.stat().st_mtime, file.name))[:_SHOWN]
    except OSError:
        return []
    rows = [_next(file) for file in latest]
    width = max((len(command) for command, _ in rows), default=0)
    return [f"{command.ljust(width)}  {why}" for command, why in rows]


def _next(file: Path) -> tuple[str, str]:
    name = shlex.quote(file.name)
    if file.with_name(f"{file.name}.lock").exists():
        return f"sparsey-trace watch {name}", "is being recorded, or was left in the midst of it"
    if (tables := default_folder(file)).is_dir():
        return f"sparsey-trace report {name}", f"is analysed: its tables are in {tables.name}"
    return f"sparsey-trace analyze {name}", "isn't analysed yet"


def _is_hdf5(file: Path) -> bool:
    if file.suffix not in TRACES or not file.is_file():
        return False
    with file.open("rb") as stream:
        return stream.read(len(_SIGNATURE)) == _SIGNATURE
