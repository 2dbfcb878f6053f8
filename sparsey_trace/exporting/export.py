"""`export`: what is written in which form, and where."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import OutputError, UsageError
from sparsey_trace.replay.results_place import results_folder
from sparsey_trace.support.extras import require
from sparsey_trace.support.progress import progress
from sparsey_trace.support.suggest import unknown
from sparsey_trace.support.user_path import user_path
from sparsey_trace.support.writing import whole, writing
from sparsey_trace.trace.paths import default_name
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.reading.trace import Trace

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.trace.reading.sources import Source


@dataclass(frozen=True)
class Form:
    """A form that a run can be written in.

    Attributes:
        ending: of the name that a run gets in it.
        packages: what writes it.
        holds: `metrics`, their means or tables; or the `trace` itself.
    """

    ending: str
    packages: tuple[str, ...]
    holds: str


_XARRAY = ("xarray", "dask")

FORMS = {
    "tensorboard": Form(".tensorboard", ("tensorboard",), "metrics"),
    "csv": Form(".csv", (), "metrics"),
    "netcdf": Form(".nc", (*_XARRAY, "h5netcdf"), "trace"),
    "zarr": Form(".zarr", (*_XARRAY, "zarr"), "trace"),
}
"""The forms there are, by name."""


def export(
    source: Source | Trace,
    *,
    to: str,
    out: str | os.PathLike[str] | None = None,
    metrics: Iterable[str | Metric[Any]] | None = None,
    tables: str | os.PathLike[str] | None = None,
    n_jobs: int = 1,
    progress_bar: bool = False,
) -> tuple[Path, list[str]]:
    """Write a run in the form of another program, by its own library. Memory stays bounded, however long the run is.

    `tensorboard` is a folder of event files, `train` and `eval`: of each metric and layer the mean over its MACs,
    step by step. `csv` is a folder with the metrics' tables by step, as docs/metrics.md has their columns. Tables
    that an analysis has left are used where they fit; the others are made now and stay there, as with
    `compare`. `netcdf` (a file) and `zarr` (a folder) are the trace itself: inputs, codes, activity, wiring and what
    is known of each sample, as `Trace.to_xarray` has them, but phases as numbers that `flag_meanings` explains.

    Args:
        source: a trace as `open_trace` takes it, or an open one.
        to: `tensorboard`, `csv`, `netcdf` or `zarr`.
        out: what to make; nothing may be there. By default RUN.tensorboard, RUN.csv, RUN.nc or RUN.zarr beside
            the run.
        metrics: for `tensorboard` and `csv`, names, or metrics with parameters; by default all built in with
            values by step.
        tables: the folder that `analyze` wrote, where it isn't RUN.metrics; also at a URL, where nothing is changed.
        n_jobs: how many threads compute metrics; -1 for one on each core.
        progress_bar: show progress on standard error.

    Returns:
        What was made, and remarks on what isn't in it.

    Raises:
        UsageError: another form, metrics or tables for a form that has none, or a package isn't installed.
        OutputError: something is there already, it can't be written, or `tables` holds something else.
        TraceError: no trace, or a damaged one; for metrics, also an empty one.
    """
    form = _form(to, has_metrics=metrics is not None, has_tables=tables is not None)
    with contextlib.ExitStack() as stack:
        trace = source if isinstance(source, Trace) else stack.enter_context(open_trace(source))
        path = default_place(trace, to) if out is None else user_path(out)
        partial = stack.enter_context(_whole_if_free(path))
        if form.holds == "trace":
            from sparsey_trace.exporting.arrays import write_arrays

            with progress(f"writing {to}", unit="blocks", shown=progress_bar) as show:
                write_arrays(trace, partial, to=to, on_progress=show)
            return path, []
        from sparsey_trace.exporting.tables import write_tables

        return path, write_tables(
            trace,
            partial,
            to=to,
            metrics=metrics,
            tables=None if tables is None else results_folder(tables),
            n_jobs=n_jobs,
            progress_bar=progress_bar,
        )


def default_place(trace: Trace, to: str) -> Path:
    """Where a run goes in a form unless told otherwise: beside it."""
    common = default_name(trace.paths)
    return common.with_name(common.name + FORMS[to].ending)


def _form(to: str, *, has_metrics: bool, has_tables: bool) -> Form:
    if to not in FORMS:
        raise UsageError(unknown("to", to, FORMS))
    form = FORMS[to]
    for name in [name for name, has in (("metrics", has_metrics), ("tables", has_tables)) if has]:
        if form.holds == "trace":
            msg = f"{name}: expected none, as {to} holds the trace itself, found some"
            raise UsageError(msg)
    require(*form.packages, what=f"export to {to}", extra="export")
    return form


@contextlib.contextmanager
def _whole_if_free(path: Path) -> Iterator[Path]:
    """Where to make what takes its path at the end of the block, if nothing is there before and after."""
    _check_free(path)
    with writing(path), whole(path) as partial:
        yield partial
        _check_free(path)


def _check_free(path: Path) -> None:
    if path.exists():
        found = "a folder" if path.is_dir() else "a file"
        msg = f"{path}: expected nothing there, found {found}; choose another place, or remove it"
        raise OutputError(msg)
    if not path.parent.is_dir():
        msg = f"{path}: expected a folder to make it in, found none"
        raise OutputError(msg)
