"""`demo`: record a small Sparsey, analyse it, make a report; only an earlier demo run is replaced."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from sparsey_trace.errors import OutputError, RecordError, TraceError, UsageError
from sparsey_trace.support.extras import is_installed

from ..options.common import Debug, Json
from ..options.trace_path import path_here
from ..output.printing import note, progress, write, write_json
from .analyze import analyze
from .report import demo_report

EXAMPLES = """\b
Examples:
  sparsey-trace demo
  sparsey-trace demo --dataset mnist --samples 1000 -o mnist-demo
  sparsey-trace demo --study capacity
It needs torch: pip install "sparsey-trace[demo]\""""


class Dataset(StrEnum):
    """The demo's data sets."""

    DIGITS = "digits"
    MNIST = "mnist"


class Study(StrEnum):
    """The demo's studies."""

    CAPACITY = "capacity"


Folder = Annotated[
    Path,
    typer.Option(
        "--out", "-o", metavar="DIR", parser=path_here, help="Folder for the trace and its results."
    ),
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
DemoStudy = Annotated[
    Study | None,
    typer.Option(
        show_default="none",
        help="Instead: store ever more random inputs in a MAC, and draw how much of their codes comes back.",
    ),
]

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
    study: DemoStudy = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Record a small Sparsey, analyse it and make a report.

    It trains on real digits; an earlier demo run in the folder is replaced.
    """
    run_demo = _load_demo()
    if study is not None:
        if (dataset, epochs, samples) != (Dataset.DIGITS, 2, None):
            msg = "--study: expected it with --out, --seed and --json only, found it with other options"
            raise UsageError(msg)
        _study(out / f"{study.value}.h5", seed=seed, as_json=as_json)
        return
    run = out / f"{dataset.value}.h5"
    make_report = demo_report(run, say=note if as_json else write)
    if _earlier(run):
        note(f"{run}: replacing the earlier demo run and its results")
    note(f"{run}: recording a small Sparsey while it trains on {dataset.value}")
    wanted = {"dataset": dataset.value, "epochs": epochs, "samples": samples, "seed": seed}
    with progress("training", unit="steps") as on_step:
        _record(run_demo, run, **wanted, on_step=on_step)
    analyze([str(run)], as_json=as_json)
    make_report()


def _study(run: Path, *, seed: int, as_json: bool) -> None:
    """Record the study of storage capacity, tell what it comes to, and draw it.

    Raises:
        OutputError: something else stands where the trace or the picture go.
    """
    from sparsey_trace.demo.capacity import run_capacity
    from sparsey_trace.demo.recognition import Recognition

    picture = run.with_suffix(".png")
    if not _earlier(run) and picture.exists():
        raise _occupied(picture, "a file without the run that it is of")
    note(f"{run}: recording a MAC that stores random inputs, and is asked for them again")
    with progress("storing", unit="steps") as on_step:
        _record(run_capacity, run, seed=seed, on_step=on_step)
    found = Recognition.of(run)
    if as_json:
        write_json(found.table.to_dict("records"))
    else:
        write(found.table.to_string(index=False, float_format="{:.3f}".format))
    if is_installed("matplotlib"):
        found.save(picture)
        (note if as_json else write)(f"{picture}: how much of stored inputs' codes comes back")
    else:
        note(
            'no picture: expected the package matplotlib, found it not installed; run pip install "sparsey-trace[plot]"'
        )


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


@contextlib.contextmanager
def _of_the_disk() -> Iterator[None]:
    """Of a recording that couldn't be written, what the disk said: nothing of it is kept.

    Raises:
        OSError: the disk failed.
    """
    try:
        yield
    except RecordError as error:
        trace_error = error.__cause__
        if isinstance(trace_error, TraceError) and isinstance(trace_error.__cause__, OSError):
            raise OSError(*trace_error.__cause__.args) from error
        raise


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
        with writing(run), _of_the_disk():
            made = run_demo(Path(folder) / run.name, **options)
        if earlier := _earlier(run):
            for table in tables_of(default_folder(run), earlier):
                table.unlink()
        made.replace(run)
