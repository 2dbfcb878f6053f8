"""`Runs`: many runs, as `Trace` is one."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import CacheWarning, OutputError
from sparsey_trace.replay.kept_bytes import MOST_BYTES
from sparsey_trace.replay.pairs import MOST_PAIRS
from sparsey_trace.runs.catalogue import catalogued
from sparsey_trace.runs.catalogue_file import NAME, catalogue_frame, read_catalogue, write_catalogue
from sparsey_trace.runs.configuration import differing
from sparsey_trace.runs.elsewhere import known_at
from sparsey_trace.runs.finding import RESULTS, common_folder, files_of
from sparsey_trace.runs.keeping import all_known, gone_of, superseded
from sparsey_trace.runs.results_folder import check_runs_folder
from sparsey_trace.support.html_table import table
from sparsey_trace.support.progress import progress
from sparsey_trace.support.suggest import unknown
from sparsey_trace.support.user_path import as_named, url_named, user_path
from sparsey_trace.support.writing import writing
from sparsey_trace.trace.reading.open_trace import open_trace

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pandas as pd

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.runs.entry import Entry
    from sparsey_trace.runs.runs_result import RunsResult
    from sparsey_trace.trace.reading.sources import Source
    from sparsey_trace.trace.reading.trace import Trace


def open_runs(source: Source) -> Runs:
    """Name many runs at once: different ones, where `open_trace` takes files of one.

    Nothing is opened yet. The files of a run's ranks, and those of a run that was resumed, count as one run.

    Args:
        source: a folder (what ends in .h5 or .hdf5 in it, and in folders below it; hidden folders and such as end
            in .metrics are left out), a pattern ("sweep/*.h5", with ** for folders at any depth), a file, or a list
            of these. Each may be a URL that fsspec knows ("s3://bucket/sweep"); runs are opened where they lie, as
            `open_trace` does.

    Raises:
        TraceError: there are no files, or it can't be found out.
        UsageError: a name is empty, or a URL that fsspec doesn't know; or some runs are here, and some at URLs.
    """
    return Runs(source)


class Runs(Mapping[str, "Trace"]):
    """Many runs by their names; made by `open_runs`. `runs[name]` opens one.

    A name is the path without the ending, from the folder that was named, or that stands before a pattern, else from
    the innermost that all have in common: two runs of one file name in different folders don't collide. What is known
    of runs is kept in the folder of results, and only what has changed since, by its size and time, is opened again.

    Attributes:
        source: what was named.
        folder: where results, and what is known of the runs, are kept unless told otherwise: `runs.metrics` in
            the same folder; of runs in a store there, too.
    """

    def __init__(self, source: Source) -> None:
        """See `open_runs`."""
        self.source = source
        self.folder = common_folder(source, files_of(source)) / f"runs{RESULTS}"
        self._entries: list[Entry] = []

    def entries(self, *, folder: Path | None = None, progress_bar: bool = False) -> list[Entry]:
        """What is known of each run now; broken ones are among them, and say why. Nothing is written.

        Args:
            folder: whose catalogue tells what was known before; `folder` of these runs by default.
            progress_bar: show progress on standard error.
        """
        known = self._entries or read_catalogue((folder or self.kept()) / NAME)
        files = files_of(self.source)
        with progress("looking at", unit="files", shown=progress_bar) as show:
            self._entries = catalogued(files, common_folder(self.source, files), known, show)
        return self._entries

    def kept(self) -> Path:
        """The folder in which what is known of the runs can be read; of one in a store a copy, without its tables.

        Raises:
            TraceError: it can't be read.
        """
        url = url_named(self.folder)
        return known_at(url) if url else self.folder

    def catalogue(
        self, *, out: str | os.PathLike[str] | None = None, progress_bar: bool = False
    ) -> pd.DataFrame:
        """What there is: a row for each run, with its state and configuration.

        Columns: `run` (the trace's id, by which tables are found), `name`, `path`, `state` (`closed`, `recording`,
        `left` where the writer died, `broken`), `fault` (why it is broken), `samples`, `steps`, `epoch` (of the last
        sample), `eval_epoch` (of the last evaluation), `created`, `recorded` (the time of the last sample), `host`,
        `model`, `bytes`, `config` (as JSON), `files`, and `config.` with each key of the configurations.

        It is kept as runs.parquet, with which the next look is quick; where that can't be, a CacheWarning says so. In a
        store only `analyze` keeps it.

        Args:
            out: the folder to keep it in; `folder` by default, unless that is in a store.
            progress_bar: show progress on standard error.

        Raises:
            OutputError: `out` was named, and holds something else or can't be written.
        """
        if out is None and url_named(self.folder):
            return catalogue_frame(self.entries(progress_bar=progress_bar))
        folder = self.folder if out is None else user_path(out)
        entries = self.entries(folder=folder, progress_bar=progress_bar)
        try:
            self.keep(folder, entries)
        except OutputError as error:
            if out is not None:
                raise
            warnings.warn(f"what is known of the runs isn't kept: {error}", CacheWarning, stacklevel=2)
        return catalogue_frame(entries)

    def analyze(
        self,
        *,
        metrics: Iterable[str | Metric[Any]] | None = None,
        resolution: str = "step",
        reduction: str | None = None,
        out: str | os.PathLike[str] | None = None,
        n_jobs: int = 1,
        engine: str = "auto",
        client: Any = None,
        total_memory: str | int = "1G",
        most_pairs: int = MOST_PAIRS,
        most_bytes: str | int = MOST_BYTES,
        cache: bool = True,
        progress_bar: bool = False,
    ) -> RunsResult:
        """Analyse all runs, into one data set.

        A run of which everything is there isn't opened. Each run's tables are there as soon as it is done: what was
        interrupted goes on from there. A run that is broken, or fails, is named in the result and stops no other.

        Args:
            metrics: names, or metrics with parameters; by default all that are built in.
            resolution: as of `analyze`.
            reduction: as of `analyze`.
            out: the folder of the data set, also a URL that fsspec can write to; `folder` by default. It may hold
                earlier results of many runs, made in the same form, and nothing else.
            n_jobs: how many jobs; -1 for one on each core.
            engine: `processes`: so many runs at a time, each in one process. `threads`: one run after the other, in so
                many threads. `serial`; or `auto`: processes where there are more than two runs for each job, else
                threads. `dask`: each run by a worker of a cluster, which sees the runs and `out` under the same names.
            client: a `distributed.Client`, with engine='dask'; the cluster is the caller's.
            total_memory: what all of them may take together, as "800M", "1G" or in bytes; each of several processes
                is given 384 MiB in any case.
            most_pairs: as of `analyze`, of each run.
            most_bytes: as of `analyze`, of each run.
            cache: whether to use what earlier analyses left in `out`.
            progress_bar: show progress on standard error.

        Raises:
            UsageError: an unknown metric, parameter, resolution, reduction or engine.
            TraceError: there is no run that can be analysed.
            OutputError: `out` holds something else, or tables of another form, or can't be written.
        """
        from sparsey_trace.replay.dask_hands import check_client
        from sparsey_trace.replay.results_place import ResultsPlace
        from sparsey_trace.runs import analyze_runs as doing
        from sparsey_trace.runs.runs_result import RunsResult

        asked = doing.ManyMetrics.of(metrics, resolution=resolution, reduction=reduction)
        check_client(engine, client, self.folder)
        work = doing.Work.of(
            n_jobs=n_jobs,
            engine=engine,
            client=client,
            total_memory=total_memory,
            most_pairs=most_pairs,
            most_bytes=most_bytes,
            cache=cache,
            progress_bar=progress_bar,
        )
        place = ResultsPlace.of(self.folder if out is None else out)
        folder = place.folder
        with contextlib.ExitStack() as unless_done:
            unless_done.callback(place.discard)
            with doing.taken(folder):
                earlier = read_catalogue(folder / NAME)
                entries = self.entries(folder=folder, progress_bar=progress_bar)
                self.keep(folder, entries)
                failed = doing.analyse_all(folder, entries, asked, work)
                doing.forget_superseded(folder, superseded(entries, earlier))
                known = self.keep(folder, entries)
                doing.keep_summaries(folder, known)
            unless_done.pop_all()
        place.publish()
        return RunsResult(
            folder,
            entries,
            failed=self.broken() | failed,
            skipped=asked.skipped,
            gone=gone_of(known),
            temporary=place.temporary,
        )

    def keep(self, folder: Path, entries: list[Entry]) -> list[Entry]:
        """Write the catalogue of a folder of results, with the runs that it knew before; all of them.

        Raises:
            OutputError: the folder holds something else, or can't be written.
        """
        check_runs_folder(folder)
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        known = all_known(folder, entries, read_catalogue(folder / NAME))
        write_catalogue(folder / NAME, known)
        return known

    def differing(self) -> list[str]:
        """The keys, with dots for levels, in which the runs' configurations differ."""
        return differing(entry.config for entry in self.known() if entry.is_readable)

    def broken(self) -> dict[str, str]:
        """The runs that can't be read, and why."""
        return {entry.name: entry.fault for entry in self.known() if not entry.is_readable}

    def known(self) -> list[Entry]:
        """What is known of each run, as of the last look."""
        return self._entries or self.entries()

    def __getitem__(self, name: str) -> Trace:
        """A run, opened.

        Args:
            name: its name, or its trace's id.

        Raises:
            KeyError: there is none of that name; the message says which there are.
            TraceError: it can't be read.
        """
        for entry in self.known():
            if name and name in (entry.name, entry.run):
                return open_trace(entry.source)
        raise KeyError(unknown("run", name, self))

    def __iter__(self) -> Iterator[str]:
        """The names of the runs that can be read."""
        return (entry.name for entry in self.known() if entry.is_readable)

    def __len__(self) -> int:
        """How many runs can be read."""
        return sum(entry.is_readable for entry in self.known())

    def __repr__(self) -> str:
        """One line: how many, and where."""
        broken = len(self.broken())
        where = as_named(self.folder.parent)
        return f"<Runs: {len(self)}{f', and {broken} broken' if broken else ''}, in {where}>"

    def _repr_html_(self) -> str:
        keys = self.differing()
        from sparsey_trace.runs.sheet import HEADS, rows_of

        return table(rows_of(self.known(), keys), heads=(*HEADS, *keys), caption=repr(self).strip("<>"))
