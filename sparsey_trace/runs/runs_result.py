"""What an analysis of many runs comes to: a data set for each table, and figures of all runs."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from sparsey_trace.errors import UsageError
from sparsey_trace.layout import PHASES
from sparsey_trace.replay.result import Result
from sparsey_trace.runs.analysed import better_in, skipped_in, summaries_in
from sparsey_trace.runs.catalogue_file import NAME, catalogue_frame, is_catalogue, read_catalogue
from sparsey_trace.runs.keeping import gone_of
from sparsey_trace.runs.results_folder import tables_in
from sparsey_trace.runs.summary_file import summary_table
from sparsey_trace.support.suggest import unknown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    import pandas as pd

    from sparsey_trace.metrics.base import Best
    from sparsey_trace.runs.entry import Entry
    from sparsey_trace.tables.summary import SummaryRow

_BY_RUN = ds.partitioning(pa.schema([("run", pa.string())]), flavor="hive")


class RunsResult(Mapping[str, "ds.Dataset"]):
    """Many runs' tables, by the names of their metrics: a pyarrow data set each, of which nothing is read yet.

    Each row says in its column `run` of which trace it is. `result[name].to_table(columns=…, filter=…)` reads what is
    asked for; `result.to_pandas(name)` reads all, with the runs' names.

    Attributes:
        folder: in which they lie, for other tools.
        entries: what is known of each run.
        failed: run to why it couldn't be analysed; broken runs are among these.
        skipped: metrics that weren't computed for any run, and why.
        gone: by id the names of the runs that aren't there any more, or aren't as they were, but whose tables are in
            the folder; other tools that read all of it read these too.
    """

    def __init__(
        self,
        folder: Path,
        entries: Sequence[Entry],
        *,
        failed: dict[str, str],
        skipped: dict[str, str],
        gone: dict[str, str],
        temporary: Path | None = None,
    ) -> None:
        """Made by `Runs.analyze`; a temporary folder lives as long as the result."""
        if temporary is not None:
            weakref.finalize(self, shutil.rmtree, temporary, ignore_errors=True)
        self.folder, self.failed, self.skipped, self.gone = folder, failed, skipped, gone
        self.entries = [entry for entry in entries if entry.run]
        runs = {entry.run for entry in self.entries}
        self._paths = {
            name: {run: path for run, path in found.items() if run in runs}
            for name, found in tables_in(folder).items()
        }

    def __getitem__(self, name: str) -> ds.Dataset:
        """A table of all runs.

        Raises:
            KeyError: there is none of that name; the message says which there are, or why not.
        """
        paths = self._of(name)
        schema = pq.read_schema(paths[0]).remove_metadata().append(pa.field("run", pa.string()))
        return ds.dataset(
            [str(path) for path in paths],
            schema=schema,
            format="parquet",
            partitioning=_BY_RUN,
            partition_base_dir=str(self.folder / name),
        )

    def _of(self, name: str) -> list[Path]:
        if not self._paths.get(name):
            reason = self.skipped.get(name)
            msg = f"{name} was not computed: {reason}" if reason else unknown("table", name, self)
            raise KeyError(msg)
        return list(self._paths[name].values())

    def __iter__(self) -> Iterator[str]:
        """The names of the tables."""
        return (name for name, paths in self._paths.items() if paths)

    def __len__(self) -> int:
        """How many tables there are."""
        return sum(map(bool, self._paths.values()))

    def run(self, name: str) -> Result:
        """One run's tables.

        Args:
            name: the run's name, or its trace's id.

        Raises:
            KeyError: there is no such run; the message says which there are.
        """
        for entry in self.entries:
            if name and name in (entry.name, entry.run):
                paths = {table: runs[entry.run] for table, runs in self._paths.items() if entry.run in runs}
                return Result(paths, skipped=self.skipped | self.lacking().get(entry.run, {}))
        raise KeyError(unknown("run", name, [entry.name for entry in self.entries]))

    def to_pandas(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """A table of all runs as a pandas frame, with the runs' names as `name`.

        Args:
            name: the table's.
            columns: to read only these, and `run`.

        Raises:
            KeyError: there is no such table; the message says which there are, or why not.
        """
        wanted = None if columns is None else list(dict.fromkeys([*columns, "run"]))
        frame: pd.DataFrame = self[name].to_table(columns=wanted).unify_dictionaries().to_pandas()
        names = {entry.run: entry.name for entry in self.entries}
        return frame.assign(name=frame["run"].map(names))

    def summary(self, phase: str | None = None) -> pd.DataFrame:
        """What the runs came to: the rows of `Result.summary` of each, after its id and name, and `area` of sizes.

        Args:
            phase: only the rows of `train` or of `eval`.

        Raises:
            UsageError: there is no such phase.
        """
        import pandas as pd

        if phase not in (None, *PHASES):
            raise UsageError(unknown("phase", phase, PHASES))
        found = self.summaries()
        rows = [(entry, found.get(entry.run, [])) for entry in self.entries]
        frame: pd.DataFrame = summary_table(rows).to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
        return frame if phase is None else frame[frame["phase"] == phase].reset_index(drop=True)

    def summaries(self, metrics: Collection[str] | None = None) -> dict[str, list[SummaryRow]]:
        """The same, row by row, by the runs' ids; runs without tables are left out.

        Args:
            metrics: the names of those that count; all by default.
        """
        return summaries_in(self.folder, self.entries, metrics)

    def lacking(self) -> dict[str, dict[str, str]]:
        """By the runs' ids the metrics that can't be computed for them, and why; `skipped` are those of no run."""
        return skipped_in(self.folder, self.entries)

    def better(self) -> dict[str, Best]:
        """By metric of a summary, whether the lowest or the highest of its values is better."""
        return better_in(self.folder, self.entries)

    def catalogue(self) -> pd.DataFrame:
        """The runs that are there, as `Runs.catalogue` tells them."""
        return catalogue_frame(self.entries)

    def __repr__(self) -> str:
        """One line: how many runs, and which tables."""
        failed = f", {len(self.failed)} failed" if self.failed else ""
        return f"<RunsResult of {len(self.entries)} runs{failed}: {', '.join(self)}>"


def is_runs_folder(folder: Path) -> bool:
    """Whether a folder is one of many runs' results."""
    return is_catalogue(folder / NAME)


def result_in(folder: Path) -> RunsResult:
    """The results of many runs in a folder, as an earlier analysis left them; the traces may be elsewhere by now."""
    entries = read_catalogue(folder / NAME)
    broken = {entry.name: entry.fault for entry in entries if entry.state == "broken"}
    return RunsResult(folder, entries, failed=broken, skipped={}, gone=gone_of(entries))
