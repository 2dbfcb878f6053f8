"""The folder of many runs' results: a data set of Parquet files that hive-aware readers read as it is.

runs.parquet                                     the catalogue
summary.parquet                                  what each run came to
<table>/run=<trace id>/part-00000.parquet        a metric's table of a run
.sparsey-trace/                                  what later analyses use
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sparsey_trace.errors import OutputError
from sparsey_trace.replay.cache.private_folder import FOLDER, whose
from sparsey_trace.replay.results_folder import is_folder_lock
from sparsey_trace.runs.catalogue_file import NAME as CATALOGUE
from sparsey_trace.runs.catalogue_file import is_catalogue
from sparsey_trace.runs.summary_file import NAME as SUMMARY
from sparsey_trace.support.writing import is_partial
from sparsey_trace.tables.table_file import SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PART = "part-00000.parquet"

_OF_RUN = re.compile("run=([0-9a-f]{32})")


def table_path(folder: Path, table: str, run: str) -> Path:
    """Where a run's table lies.

    Args:
        folder: of the results.
        table: its name.
        run: the trace's id.
    """
    return folder / table / f"run={run}" / PART


def tables_in(folder: Path) -> dict[str, dict[str, Path]]:
    """By table, the file of each run that has it, by the run's id."""
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.glob(f"[!.]*/run=*/{PART}")):
        if match := _OF_RUN.fullmatch(path.parent.name):
            found.setdefault(path.parent.parent.name, {})[match[1]] = path
    return found


def check_runs_folder(folder: Path) -> None:
    """See that many runs' results may be put there.

    Raises:
        OutputError: it is a file, or holds something else.
    """
    if not folder.exists():
        return
    found = "a file" if not folder.is_dir() else next(_strange(folder), "")
    if found:
        msg = (
            f"{folder}: expected an empty folder, or earlier results of many runs, found {found}; choose another "
            "folder with out, on the command line with -o"
        )
        raise OutputError(msg)


def _strange(folder: Path) -> Iterator[str]:
    if found := whose(folder / FOLDER):
        yield f"{FOLDER}: {found}"
    is_known = is_catalogue(folder / CATALOGUE)
    for path in sorted(folder.iterdir()):
        if path.name in (CATALOGUE, SUMMARY) and is_known:
            continue
        if is_folder_lock(path) or is_partial(path, SIGNATURE, ending=".parquet") or path.name == FOLDER:
            continue
        if path.name.startswith(".") and is_known:
            continue
        if not _is_of_tables(path):
            yield path.name


def _is_of_tables(path: Path) -> bool:
    if not path.is_dir() or path.is_symlink():
        return False
    names = [below.name for below in path.iterdir() if not below.name.startswith(".")]
    return bool(names) and all(map(_OF_RUN.fullmatch, names))
