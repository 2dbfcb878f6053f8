"""What is known of earlier analyses of many runs: a small file for each, beside its tables.

It is believed for what it names: tables of this size and time, of files of this size and time, by code of this digest.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from sparsey_trace.replay.cache.code_version import maker_of
from sparsey_trace.replay.cache.private_folder import FOLDER
from sparsey_trace.runs.results_folder import table_path, tables_in
from sparsey_trace.support.writing import write_whole
from sparsey_trace.tables.provenance import provenance_in
from sparsey_trace.tables.summary import SummaryRow, summary_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from sparsey_trace.metrics.base import Best, Metric
    from sparsey_trace.runs.entry import Entry


@dataclass(frozen=True, kw_only=True)
class AnalysedMetric:
    """What came of a metric of a run.

    Attributes:
        key: what it was made by: the question and the code, see `key_of`.
        files: size and time of each of the run's files then.
        tables: by name, size and time of its tables.
        skipped: why there are none; empty where there are.
        summary: what the run came to by it.
        best: whether the lowest or the highest value is better.
    """

    key: str
    files: list[list[int]]
    tables: dict[str, list[int]] = field(default_factory=dict)
    skipped: str = ""
    summary: list[SummaryRow] = field(default_factory=list)
    best: Best = "highest"


Analysed = dict[str, AnalysedMetric]
"""By metric."""


def key_of(metric: Metric[Any], *, resolution: str, reduction: str | None) -> str | None:
    """A digest of what a metric's tables depend on beside the run; None where nothing tells its code from another."""
    maker = maker_of(metric)
    if maker is None:
        return None
    asked = {"parameters": metric.parameters, "resolution": resolution, "reduction": reduction}
    said = json.dumps([metric.name, metric.version, maker, asked], sort_keys=True)
    return blake2b(said.encode(), digest_size=16).hexdigest()


def files_then(entry: Entry) -> list[list[int]]:
    """Size and time of a run's files, as they were last seen."""
    return [[file.size, file.modified] for file in entry.files]


def table_stamp(path: Path) -> list[int]:
    """Size and time of a table.

    Raises:
        OSError: it isn't there.
    """
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def is_current(folder: Path, entry: Entry, name: str, key: str | None, known: Analysed) -> bool:
    """Whether a metric's tables of a run are what an analysis of now would make."""
    found = known.get(name)
    if found is None or key is None or found.key != key or found.files != files_then(entry):
        return False
    if not all(file.modified for file in entry.files):
        return False
    try:
        return all(
            table_stamp(table_path(folder, table, entry.run)) == stamp
            for table, stamp in found.tables.items()
        )
    except OSError:
        return False


def read_analysed(folder: Path, run: str) -> Analysed:
    """What is known of a run; nothing where no file is there, or one that can't be understood."""
    try:
        found = json.loads(_path(folder, run).read_bytes())
        return {name: _parsed(one) for name, one in found.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def write_analysed(folder: Path, run: str, found: Analysed) -> None:
    """Keep what is known of a run, whole or not at all.

    Raises:
        OutputError: it can't be written.
    """
    write_whole(_path(folder, run), json.dumps({name: asdict(one) for name, one in found.items()}).encode())


def better_in(folder: Path, entries: Sequence[Entry]) -> dict[str, Best]:
    """By what stands in summaries as `metric`, whether the lowest or the highest of its values is better."""
    found: dict[str, Best] = {}
    for _, known in _each(folder, entries):
        for one in known.values():
            found |= {row.metric: one.best for row in one.summary}
    return found


def summaries_in(
    folder: Path, entries: Sequence[Entry], metrics: Collection[str] | None = None
) -> dict[str, list[SummaryRow]]:
    """What runs came to, by their ids; those that aren't analysed are left out.

    Args:
        folder: of the results.
        entries: the runs.
        metrics: the names of those that count; all by default.
    """
    found = {}
    for run, known in _each(folder, entries):
        rows = [
            row for name, one in known.items() if metrics is None or name in metrics for row in one.summary
        ]
        if rows:
            found[run] = rows
    return found


def skipped_in(folder: Path, entries: Sequence[Entry]) -> dict[str, dict[str, str]]:
    """By the runs' ids which metrics can't be computed for them, and why; runs without any are left out."""
    found = {
        run: {name: one.skipped for name, one in known.items() if one.skipped}
        for run, known in _each(folder, entries)
    }
    return {run: skipped for run, skipped in found.items() if skipped}


def _each(folder: Path, entries: Sequence[Entry]) -> Iterator[tuple[str, Analysed]]:
    """By the runs' ids what came of their metrics; read from the tables where nothing but these is left."""
    tables: dict[str, dict[str, Path]] | None = None
    for run in (entry.run for entry in entries if entry.run):
        known = read_analysed(folder, run)
        if not known:
            tables = tables_in(folder) if tables is None else tables
            known = _told_by([paths[run] for paths in tables.values() if run in paths])
        yield run, known


def _told_by(tables: Sequence[Path]) -> Analysed:
    """What a run's tables say of themselves; nothing of those that can't be read."""
    found: Analysed = {}
    for path in tables:
        made = provenance_in(path) or {}
        if "metric" in made:
            one = found.setdefault(made["metric"], AnalysedMetric(key="", files=[], best=made["best"]))
            one.summary.extend(summary_in(path) or ())
    return found


def work_folder(folder: Path, run: str) -> Path:
    """Where a run is analysed, and what later analyses can use is kept."""
    return folder / FOLDER / run


def _path(folder: Path, run: str) -> Path:
    return folder / FOLDER / f"{run}.json"


def _parsed(found: dict[str, Any]) -> AnalysedMetric:
    return AnalysedMetric(**found | {"summary": [SummaryRow(**row) for row in found["summary"]]})
