"""Results opened again, without the traces that they are of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.errors import TraceError
from sparsey_trace.replay.result import Result
from sparsey_trace.replay.results_place import results_folder
from sparsey_trace.runs.runs_result import is_runs_folder, result_in
from sparsey_trace.tables.manifest import table_at, table_of_manifest
from sparsey_trace.tables.provenance import provenance_in

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from sparsey_trace.runs.runs_result import RunsResult


def open_result(folder: str | os.PathLike[str]) -> Result | RunsResult:
    """The tables that an analysis has left: a `Result` of one run, a `RunsResult` of many.

    Args:
        folder: what `analyze` wrote, also at a URL: then all of it is brought here, once as long as it stays the same.

    Raises:
        TraceError: no results are there, or they can't be read.
        UsageError: the name is empty, or a URL that fsspec doesn't know.
    """
    place = results_folder(folder)
    if is_runs_folder(place):
        return result_in(place)
    paths = {name: table_at(place, name) for name in _names_in(place)}
    tables = {name: path for name, path in paths.items() if provenance_in(path) is not None}
    if not tables:
        msg = f"{place}: expected a folder of results, which `analyze` writes, found none in it"
        raise TraceError(msg)
    return Result(tables, skipped={})


def _names_in(folder: Path) -> list[str]:
    """The names of tables that may be in a folder, in one file or in parts."""
    files = sorted(folder.glob("[!.]*"))
    names = {path.stem for path in files if path.suffix == ".parquet"}
    return sorted(names | {name for path in files if (name := table_of_manifest(path)) is not None})
