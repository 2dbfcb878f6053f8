"""The verbs of `sparsey-trace`, and the only exit codes.

Annotations are not deferred, because typer reads them when it runs; what a verb needs is imported when
it is called, so that `--help` answers at once.
"""

import re
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from sparsey_trace.errors import OutputError, SparseyTraceError, TraceError, UsageError
from sparsey_trace.near import hint

from . import options, render
from .start import INTERRUPTED

DONE, DATA_AT_FAULT, COMMAND_AT_FAULT = 0, 1, 2
GATE_FAILED = DATA_AT_FAULT

# Typer keeps the base of what it raises about a command line to itself.
_UsageFault: type[Exception] = typer.BadParameter.__mro__[1]

_NEXT = """\b
Start here:
  sparsey-trace demo                    record and analyse a small Sparsey on real digits
  sparsey-trace info RUN.h5             see what a trace holds
  sparsey-trace analyze RUN.h5          compute every metric from it
  sparsey-trace report RUN.h5           look at it, in one HTML file
  sparsey-trace VERB --help             options and examples"""

app = typer.Typer(
    name="sparsey-trace",
    epilog=_NEXT,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def run() -> None:
    """Do what the command line says, and exit."""
    for stream in (sys.stdout, sys.stderr):
        # A layer's name may hold what the terminal's encoding doesn't.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    warnings.formatwarning = render.warning
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments say.

    Returns:
        The exit code: 0 done, 1 the trace or the data are at fault, 2 the command line is, 130 stopped
        by Ctrl-C.
    """
    try:
        command = typer.main.get_command(app)
        code = command.main(list(arguments), prog_name="sparsey-trace", standalone_mode=False)
        render.flush()
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except SystemExit as leaving:
        # Typer answers a closed pipe with exit(1); a reader who has seen enough (`| head`) is no fault.
        return DONE if isinstance(leaving.__context__, BrokenPipeError) else int(leaving.code or DONE)
    except Exception as error:  # noqa: BLE001 - whatever it is, the user gets one line
        if "--debug" in arguments:
            render.traceback(error)
        return INTERRUPTED if _comes_of_ctrl_c(error) else _explain(error)
    return int(code or DONE)


def _comes_of_ctrl_c(error: BaseException | None) -> bool:
    """Whether an error is what a library made of Ctrl-C."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _explain(error: Exception) -> int:
    """Say in one line what went wrong; whose fault it is."""
    if isinstance(error, _UsageFault):
        context = getattr(error, "ctx", None)
        command = "sparsey-trace" if context is None else context.command_path
        render.error(f"{_fault(error)}; see `{command} --help`")
        return COMMAND_AT_FAULT
    if not isinstance(error, SparseyTraceError):
        found = f"{type(error).__name__}: {error}"
        render.error(f"unexpected {found}; run it again with --debug to see where it comes from")
        return DATA_AT_FAULT
    render.error(str(error))
    return COMMAND_AT_FAULT if isinstance(error, (UsageError, OutputError)) else DATA_AT_FAULT


def _fault(error: Any) -> str:
    """What is wrong with the command line, and which verb or option may be meant."""
    if nearest := getattr(error, "possibilities", None):
        return f"{error.message}{hint(error.option_name, nearest)}"
    text = str(error.format_message()).rstrip(".").replace("Value error, ", "")
    if choice := re.search(r"'([^']*)' is not one of (.*)", text):
        return text + hint(choice[1], re.findall(r"'(.*?)'", choice[2]))
    return re.sub(r"\. Did you mean '(.*?)'.*", r" (did you mean \1?)", text)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer's own protocol
    if wanted:
        from importlib import metadata

        render.write(f"sparsey-trace {metadata.version('sparsey-trace')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _begin(
    context: typer.Context,
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Record the codes of a Sparsey while it trains; compute every metric afterwards, from one file."""
    if context.invoked_subcommand is None:
        from .here import suggestions

        render.write(context.get_help())
        if lines := suggestions(Path()):
            render.write("\n  In this folder:")
            for line in lines:
                render.write(f"    {render.printable(line)}")


@app.command(
    epilog="""\b
Examples:
  sparsey-trace analyze run.h5
  sparsey-trace analyze run.h5 -o results --resolution epoch --reduction layerwise_mean
  sparsey-trace analyze "run.*.h5"         every file of a run that several ranks recorded, or that was resumed
  sparsey-trace analyze run.h5 -m basis_set_size -m match_accuracy:distance=jaccard,reference_size=512
  sparsey-trace analyze run.h5 --explain   what would be computed, and what is known from earlier analyses
Then, in Python:
  pandas.read_parquet("run.metrics/basis_set_size.parquet")"""
)
def analyze(
    runs: options.Runs,
    *,
    out: options.Out = None,
    metric: options.Metrics = None,
    resolution: options.Resolution = "step",
    reduction: options.Reduction = "none",
    n_jobs: options.Jobs = None,
    engine: options.Engine = "auto",
    chunk_size: options.ChunkSize = None,
    total_memory: options.TotalMemory = "1G",
    cache: options.Cache = True,
    explain: options.Explain = False,
    progress_bar: options.ProgressBar = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Compute metrics from a trace.

    Writes a Parquet file for each and shows the last and the best value in each layer. What earlier analyses
    left in the folder isn't computed again; of a trace that has grown, only the new part is.
    """
    import sparsey_trace
    from sparsey_trace.facts import place
    from sparsey_trace.trace.reader import open_trace

    metrics = [options.parse_metric(text) for text in metric] if metric else None
    with open_trace(runs) as trace:
        folder = options.default_folder(*trace.paths) if out is None else out
        if part := place(trace):
            render.note(f"{trace.path}: note: {part}")
        wanted: dict[str, Any] = {
            "metrics": metrics,
            "resolution": resolution,
            "reduction": None if reduction == "none" else reduction,
            "out": folder,
            "n_jobs": options.default_jobs(len(trace)) if n_jobs is None else n_jobs,
            "engine": engine,
            "chunk_size": chunk_size,
            "total_memory": total_memory,
            "cache": cache,
        }
        if explain:
            render.explanation(sparsey_trace.explain(trace, **wanted), as_json=as_json)
            return
        shown = render.on_terminal(sys.stderr) if progress_bar is None else progress_bar
        result = sparsey_trace.analyze(trace, **wanted, progress_bar=shown)
    render.analysis(trace.path, folder, result, as_json=as_json)


@app.command(
    epilog="""\b
Examples:
  sparsey-trace compare before.h5 after.h5
  sparsey-trace compare before.metrics after.h5 -m match_accuracy -o comparison.csv
  sparsey-trace compare before.h5 after.h5 --fail-if "feature_coverage<0.9" --fail-if "match_accuracy<-0.02"
A rule is [last:|best:|area:]METRIC[[LAYER]] with <, <=, > or >= and a limit: a number for the value of any
run, +number or -number, also with %, for its change against the first run. Exit code 1: a rule was broken."""
)
def compare(
    runs: options.RunsToCompare,
    *,
    out: options.ComparisonOut = None,
    fail_if: options.FailIf = None,
    metric: options.Metrics = None,
    resolution: options.Resolution = "step",
    reduction: options.Reduction = "none",
    n_jobs: options.Jobs = None,
    progress_bar: options.ProgressBar = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Compare runs side by side, and fail where one is not good enough.

    Shows the last and the best value of each metric and layer, and for basis_set_size the area under its
    curve; * marks the best run. What isn't analysed yet is analysed now, into the folders of `analyze`.
    """
    from sparsey_trace.replay.comparing import compare as side_by_side

    from .compare import check_asked, longest, opened, show, write

    rules = fail_if or []
    check_asked(rules, out)
    metrics = [options.parse_metric(text) for text in metric] if metric else None
    with opened(runs) as sources:
        comparison = side_by_side(
            sources,
            metrics=metrics,
            resolution=resolution,
            reduction=None if reduction == "none" else reduction,
            n_jobs=options.default_jobs(longest(sources)) if n_jobs is None else n_jobs,
            progress_bar=render.on_terminal(sys.stderr) if progress_bar is None else progress_bar,
        )
    violations = comparison.check(rules)
    if out is not None:
        write(comparison, out)
    show(comparison, violations, rules=rules, as_json=as_json)
    if violations:
        raise typer.Exit(GATE_FAILED)


@app.command(
    epilog="""\b
Examples:
  sparsey-trace plot                        which pictures there are, and what they mean
  sparsey-trace plot run.h5 basis_set_size -o growth.pdf --width 85mm --font-size 8
  sparsey-trace plot run.h5 basis_average -o stands-for.svg --layer v1 --no-title
It needs matplotlib: pip install "sparsey-trace[plot]\""""
)
def plot(
    runs: options.RunsToPlot = None,
    picture: options.Picture = None,
    *,
    out: options.PictureOut = None,
    layer: options.Layer = None,
    width: options.Width = None,
    height: options.Height = None,
    font: options.Font = None,
    font_size: options.FontSize = 10,
    dpi: options.Dpi = 200,
    title: options.Title = True,
    overwrite: options.Overwrite = False,
    debug: options.Debug = False,
) -> None:
    """Draw a picture of a run for a paper.

    The same trace gives the same bytes. The table that it needs is taken from RUN.metrics, or made there.
    """
    from sparsey_trace.plotting.paper import Paper

    from . import plot as plotting

    if picture is None or (not runs and picture not in dict(options.picture_names())):
        plotting.list_pictures()
        return
    paper = Paper(
        width=plotting.parse_size(width, "--width"),
        height=plotting.parse_size(height, "--height"),
        font=font,
        font_size=font_size,
        dpi=dpi,
    )
    plotting.plot(runs or [], picture, out, layer=layer, paper=paper, title=title, overwrite=overwrite)


@app.command(
    epilog="""\b
Examples:
  sparsey-trace report run.h5
  sparsey-trace report before.h5 after.h5 -o comparison.html
It needs plotly and jinja2: pip install "sparsey-trace[report]\""""
)
def report(
    runs: options.RunsToShow,
    *,
    out: options.ReportOut = None,
    overwrite: options.Overwrite = False,
    n_jobs: options.Jobs = None,
    progress_bar: options.ProgressBar = None,
    debug: options.Debug = False,
) -> None:
    """Make one HTML file that shows a run, or several side by side.

    With curves, maps and basis averages; it opens in any browser and fetches nothing. What isn't analysed yet is
    analysed now, into the folders of `analyze`.
    """
    from .report import make_report

    shown = render.on_terminal(sys.stderr) if progress_bar is None else progress_bar
    make_report(runs, out, overwrite=overwrite, n_jobs=n_jobs, progress_bar=shown)


@app.command(
    epilog="""\b
Examples:
  sparsey-trace export run.h5 --to tensorboard && tensorboard --logdir run.tensorboard
  sparsey-trace export run.h5 --to csv -m basis_set_size -o tables
  sparsey-trace export run.h5 --to netcdf  then: xarray.open_datatree("run.nc")
It needs more packages: pip install "sparsey-trace[export]\""""
)
def export(
    runs: options.Runs,
    *,
    to: options.ExportTo,
    out: options.ExportOut = None,
    metric: options.Metrics = None,
    n_jobs: options.Jobs = None,
    progress_bar: options.ProgressBar = None,
    debug: options.Debug = False,
) -> None:
    """Write a run in the form of another program: TensorBoard, CSV, netCDF or Zarr.

    tensorboard and csv hold metrics: what isn't analysed yet is analysed now, into the folder of `analyze`.
    netcdf and zarr hold the trace itself: inputs, codes, which MACs were active, the wiring, and of each
    sample its step, epoch, phase, label and time.
    """
    from sparsey_trace.exporting.export import export as write
    from sparsey_trace.trace.reader import open_trace

    metrics = [options.parse_metric(text) for text in metric] if metric else None
    with open_trace(runs) as trace:
        path, remarks = write(
            trace,
            to=to,
            out=out,
            metrics=metrics,
            n_jobs=options.default_jobs(len(trace)) if n_jobs is None else n_jobs,
            progress_bar=render.on_terminal(sys.stderr) if progress_bar is None else progress_bar,
        )
    for remark in remarks:
        render.note(remark)
    render.write(render.printable(str(path)))


@app.command(
    epilog="""\b
Examples:
  sparsey-trace info run.h5
  sparsey-trace info run.h5 --json | jq .layers"""
)
def info(runs: options.Runs, *, as_json: options.Json = False, debug: options.Debug = False) -> None:
    """Show what is in a trace.

    And which metrics can be computed from it; also of an empty trace, and of one that is still being written.
    """
    from sparsey_trace.facts import facts
    from sparsey_trace.trace.reader import open_trace

    with open_trace(runs) as trace:
        render.facts(facts(trace), as_json=as_json)


@app.command(
    epilog="""\b
Examples:
  sparsey-trace watch run.h5
  sparsey-trace watch run.h5 --json | jq .samples"""
)
def watch(
    run: options.Run,
    *,
    interval: options.Interval = 2.0,
    once: options.Once = False,
    as_json: options.JsonLines = False,
    debug: options.Debug = False,
) -> None:
    """Follow a run while it is recorded.

    Shows how long it is and, for each layer, how many codes were learnt, how much of the input gets there
    and how many MACs take part; until the trace is closed or its writer is no more.
    """
    from .watch import follow, shown

    with shown(as_json=as_json) as show:
        for sight in follow(run, interval=interval, once=once):
            show(sight)


@app.command(
    epilog="""\b
Examples:
  sparsey-trace validate run.h5
  sparsey-trace validate run.h5 && sparsey-trace analyze run.h5
  sparsey-trace validate run.h5 --json | jq .sound"""
)
def validate(runs: options.Runs, *, as_json: options.Json = False, debug: options.Debug = False) -> None:
    """Read all of a trace and check it; of several files, also whether they make one run.

    The exit code is 0 if it is sound; else 1, with a line that says what is wrong and where.
    """
    from sparsey_trace.trace.validate import validate as check

    named = ", ".join(map(str, runs))
    try:
        with render.progress("checking", unit="samples") as on_progress:
            report = check(runs, on_progress=on_progress)
    except TraceError as fault:
        if as_json:
            render.json_object({"trace": named, "sound": False, "fault": str(fault)})
        raise
    render.soundness(named, report, as_json=as_json)


@app.command(
    epilog="""\b
Examples:
  sparsey-trace repair run.h5 -o repaired.h5
  sparsey-trace repair run.h5 -o repaired.h5 && sparsey-trace analyze repaired.h5"""
)
def repair(
    run: options.Run,
    *,
    out: options.Repaired,
    overwrite: options.Overwrite = False,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Save what can be had of a broken or unclosed trace in a new one.

    The trace itself is only read. The exit code is 1 where nothing can be had.
    """
    from sparsey_trace.trace.repair import repair as save

    with render.progress("repairing", unit="samples") as on_progress:
        found = save(run, out, overwrite=overwrite, on_progress=on_progress)
    render.repaired(run, out, found, as_json=as_json)


@app.command(
    epilog="""\b
Examples:
  sparsey-trace metrics
  sparsey-trace analyze run.h5 --metric match_accuracy:distance=jaccard"""
)
def metrics(*, as_json: options.Json = False, debug: options.Debug = False) -> None:
    """List the metrics and their parameters."""
    from .facts import catalogue

    render.catalogue(catalogue(), as_json=as_json)


@app.command(
    epilog="""\b
Examples:
  sparsey-trace demo
  sparsey-trace demo --dataset mnist --samples 1000 -o mnist-demo
It needs torch: pip install "sparsey-trace[demo]\""""
)
def demo(
    *,
    out: options.DemoFolder = Path("sparsey-demo"),
    dataset: options.DemoDataset = options.Dataset.DIGITS,
    epochs: options.Epochs = 2,
    samples: options.Samples = None,
    seed: options.Seed = 0,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Record a small Sparsey, analyse it and make a report.

    It trains on real digits; an earlier demo run in the folder is replaced.
    """
    from .demo import has_earlier, load_demo, record_demo
    from .report import demo_report

    run_demo = load_demo()
    run = out / f"{dataset.value}.h5"
    draw = demo_report(run, said_by=render.note if as_json else render.write)
    if has_earlier(run):
        render.note(f"{run}: replacing the earlier demo run and its results")
    render.note(f"{run}: recording a small Sparsey while it trains on {dataset.value}")
    wanted = {"dataset": dataset.value, "epochs": epochs, "samples": samples, "seed": seed}
    with render.progress("training", unit="steps") as on_step:
        record_demo(run_demo, run, **wanted, on_step=on_step)
    analyze([run], as_json=as_json)
    draw()
