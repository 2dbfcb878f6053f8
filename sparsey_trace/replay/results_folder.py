"""A folder of results: whose it is, and who may write to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import OutputError, TraceError
from sparsey_trace.replay.cache.private_folder import FOLDER, whose
from sparsey_trace.replay.cache.store import trace_of
from sparsey_trace.support.own_files import is_folder_itself
from sparsey_trace.support.writing import is_partial
from sparsey_trace.tables.manifest import is_part_name, table_of_manifest
from sparsey_trace.tables.provenance import provenance_in
from sparsey_trace.tables.table_file import SIGNATURE
from sparsey_trace.trace.paths import lock_path
from sparsey_trace.trace.writing.lock import WriterLock, is_lock_file

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.trace.reading.trace import Trace

_LOCKED = ".analysis"
"""Inside the folder, as the one around it may not be writable."""


def lock_folder(folder: Path) -> WriterLock:
    """The right to write to a folder of results.

    Raises:
        OutputError: another analysis has it, or its file can't be made.
    """
    try:
        return WriterLock.acquire(folder / _LOCKED)
    except TraceError as error:
        raise OutputError(str(error)) from error


def check_folder(folder: Path, trace: Trace) -> None:
    """See that results of this trace may be put there.

    Raises:
        OutputError: there is something that isn't results of this trace.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        msg = f"{folder}: expected a folder for the results, found a file"
        raise OutputError(msg)
    if found := whose(folder / FOLDER):
        msg = (
            f"{folder / FOLDER}: expected a folder that sparsey-trace made, or none, found {found}; remove it, or "
            "choose another folder for the results"
        )
        raise OutputError(msg)
    for path in strange_paths(folder):
        owner = _owner(path)
        if owner != trace.id:
            found = path.name if owner is None else f"results of another trace ({path.name})"
            msg = (
                f"{folder}: expected an empty folder, or earlier results of {trace.path}, found {found}; "
                "choose another folder"
            )
            raise OutputError(msg)


def strange_paths(folder: Path) -> list[Path]:
    """What is in a folder beside what an analysis hides there: tables, or what others put there.

    Hidden files of others count where nothing tells that the folder is one of results: a home is no empty folder.
    Where there are results, they have come later (a file browser's, a notebook's), and harm nobody.
    """
    found = sorted(path for path in folder.iterdir() if not _is_private(path))
    shown = [path for path in found if not path.name.startswith(".")]
    return shown if shown or (folder / FOLDER).exists() else found


def _is_private(path: Path) -> bool:
    if path.name == FOLDER:
        return not whose(path)
    if is_folder_itself(path) and not any(path.iterdir()):
        # As an analysis that was killed may leave one for parts.
        return path.with_name(FOLDER).exists()
    return is_folder_lock(path) or is_partial(path, SIGNATURE, ending=".parquet")


def is_folder_lock(path: Path) -> bool:
    """Whether a file is what `lock_folder` makes."""
    return path == lock_path(path.with_name(_LOCKED)) and is_lock_file(path)


def tables_of(folder: Path, trace_id: str) -> list[Path]:
    """The tables of a trace in a folder."""
    return [path for path in sorted(folder.glob("*.parquet")) if _owner(path) == trace_id]


def _owner(path: Path) -> str | None:
    if (table := table_of_manifest(path)) is not None:
        return _owner(path.with_name(table))
    if is_folder_itself(path):
        return _trace_in(provenance_in(path)) or _owner_of_parts(path)
    if path.suffix != ".parquet" or not path.is_file():
        return None
    # One that is damaged is ours if we kept something of it.
    kept = path.with_name(FOLDER)
    of_kept = None if whose(kept) else trace_of(kept / f"{path.stem}.table")
    made = provenance_in(path) or {"trace": of_kept}
    return _trace_in(made)


def _owner_of_parts(folder: Path) -> str | None:
    """Of a folder of nothing but parts of one trace, which an analysis that was killed has left without a manifest."""
    found = {_trace_in(provenance_in(part)) if is_part_name(part.name) else None for part in folder.iterdir()}
    return found.pop() if len(found) == 1 else None


def _trace_in(made: dict[str, Any] | None) -> str | None:
    found = (made or {}).get("trace")
    return None if found is None else str(found)
