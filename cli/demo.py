"""The demo's folder: a trace and its tables, replaced only where they are an earlier demo's."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import OutputError, RecordError, TraceError
from sparsey_trace.replay.outputs import check_folder
from sparsey_trace.support.writing import writing
from sparsey_trace.trace.reading.open_trace import open_trace

from .options import default_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    RunDemo = Callable[..., Path]

_CONFIG = {"dataset", "epochs", "samples", "batch_size", "seed", "model"}
"""What the configuration of a demo's trace holds, and nothing else."""


def has_earlier(run: Path) -> bool:
    """Whether an earlier demo's trace stands there.

    Raises:
        OutputError: something else stands there, or where the tables go.
    """
    tables = default_folder(run)
    if not run.exists():
        if tables.exists() and not (tables.is_dir() and not any(tables.glob("[!.]*"))):
            raise _occupied(tables, "results of a trace that isn't there")
        return False
    try:
        with open_trace(run) as trace:
            if trace.config.keys() != _CONFIG:
                raise _occupied(run, "another trace")
            check_folder(tables, trace)
    except TraceError as error:
        raise _occupied(run, "another file") from error
    return True


def _occupied(path: Path, found: str) -> OutputError:
    return OutputError(
        f"{path}: expected nothing there, or an earlier demo's run, found {found}; choose another folder with -o"
    )


def load_demo() -> RunDemo:
    """What trains and records.

    Raises:
        RecordError: torch isn't installed.
    """
    try:
        from sparsey_trace.demo.training import run_demo
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        msg = 'demo: expected torch to train with, found it not installed; run pip install "sparsey-trace[demo]"'
        raise RecordError(msg) from error
    return run_demo


def record_demo(run_demo: RunDemo, run: Path, **options: Any) -> None:
    """Train and record, replacing an earlier demo's trace and tables once the new trace is whole.

    Args:
        run_demo: from `load_demo`.
        run: where the trace goes.
        options: of `run_demo`.

    Raises:
        OutputError: the folder can't be written.
        RecordError: the data's package isn't installed.
        UsageError: there are fewer samples than asked for.
    """
    with writing(run.parent):
        run.parent.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(prefix=".sparsey-trace-", dir=run.parent)
    with scratch as folder:
        made = run_demo(Path(folder) / run.name, **options)
        for table in default_folder(run).glob("*.parquet"):
            table.unlink()
        made.replace(run)
