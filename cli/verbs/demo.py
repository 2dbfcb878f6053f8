"""`demo`: record a small Sparsey, analyse it, make a report; only an earlier demo run is replaced."""

import tempfile
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from sparsey_trace.errors import OutputError, TraceError, UsageError

from ..options.common import Debug, Json
from ..output.printing import note, progress, write
from .analyze import analyze
from .report import demo_report

EXAMPLES = """\b
Examples:
  sparsey-trace demo
  sparsey-trace demo --dataset mnist --samples 1000 -o mnist-demo
It needs torch: pip install "sparsey-trace[demo]\""""


class Dataset(StrEnum):
    """The demo's data sets."""

    DIGITS = "digits"
    MNIST = "mnist"


Folder = Annotated[
    Path,
    typer.Option("--out", "-o", metavar="DIR", readable=False, help="Folder for the trace and its results."),
]
DemoDataset = Annotated[
    Dataset,
    typer.Option(help="Real digits to train on: 8x8 of scikit-learn, or 28x28 of MNIST."),
]
Epochs = Annotated[int, typer.Option(min=1, metavar="N", help="How often each digit is shown in training.")]
Samples = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", show_default="all", help="How many different digits to use."),
]
Seed = Annotated[int, typer.Option(min=0, metavar="N", help="Of the model and of the order of digits.")]

RunDemo = Callable[..., Path]

_CONFIG = {"dataset", "epochs", "samples", "batch_size", "seed", "model"}
"""What the configuration of a demo's trace holds, and nothing else."""


def demo(
    *,
    out: Folder = Path("sparsey-demo"),
    dataset: DemoDataset = Dataset.DIGITS,
    epochs: Epochs = 2,
    samples: Samples = None,
    seed: Seed = 0,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Record a small Sparsey, analyse it and make a report.

    It trains on real digits; an earlier demo run in the folder is replaced.
    """
    run_demo = _load_demo()
    run = out / f"{dataset.value}.h5"
    make_report = demo_report(run, say=note if as_json else write)
    if _earlier(run):
        note(f"{run}: replacing the earlier demo run and its results")
    note(f"{run}: recording a small Sparsey while it trains on {dataset.value}")
    wanted = {"dataset": dataset.value, "epochs": epochs, "samples": samples, "seed": seed}
    with progress("training", unit="steps") as on_step:
        _record(run_demo, run, **wanted, on_step=on_step)
    analyze([run], as_json=as_json)
    make_report()


def _load_demo() -> RunDemo:
    """What trains and records.

    Raises:
        UsageError: torch isn't installed.
    """
    try:
        from sparsey_trace.demo.training import run_demo
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        msg = 'demo: expected torch to train with, found it not installed; run pip install "sparsey-trace[demo]"'
        raise UsageError(msg) from error
    return run_demo


def _earlier(run: Path) -> str | None:
    """The id of an earlier demo's trace that stands there.

    Raises:
        OutputError: something else stands there, or where the tables go.
    """
    from sparsey_trace.replay.results_folder import check_folder, strange_paths
    from sparsey_trace.trace.paths import default_folder
    from sparsey_trace.trace.reading.open_trace import open_trace

    tables = default_folder(run)
    if not run.exists():
        if tables.exists() and not (tables.is_dir() and not strange_paths(tables)):
            raise _occupied(tables, "results of a trace that isn't there")
        return None
    try:
        with open_trace(run) as trace:
            if trace.config.keys() != _CONFIG:
                raise _occupied(run, "another trace")
            check_folder(tables, trace)
            return trace.id
    except TraceError as error:
        raise _occupied(run, "another file") from error


def _occupied(path: Path, found: str) -> OutputError:
    return OutputError(
        f"{path}: expected nothing there, or an earlier demo's run, found {found}; choose another folder with -o"
    )


def _record(run_demo: RunDemo, run: Path, **options: Any) -> None:
    """Train and record, replacing an earlier demo's trace and tables once the new trace is whole.

    Args:
        run_demo: from `_load_demo`.
        run: where the trace goes.
        options: of `run_demo`.

    Raises:
        OutputError: the folder can't be written, or something else stands there by now.
        UsageError: the data's package isn't installed, or there are fewer samples than asked for.
    """
    from sparsey_trace.replay.results_folder import tables_of
    from sparsey_trace.support.writing import writing
    from sparsey_trace.trace.paths import default_folder

    with writing(run.parent):
        run.parent.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(prefix=".sparsey-trace-", dir=run.parent)
    with scratch as folder:
        made = run_demo(Path(folder) / run.name, **options)
        if earlier := _earlier(run):
            for table in tables_of(default_folder(run), earlier):
                table.unlink()
        made.replace(run)
