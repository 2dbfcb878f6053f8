"""`analyze`: compute metrics from a trace."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sparsey_trace.support.printable import count, printable

from ..options.cluster import cluster
from ..options.common import Debug, Json, ProgressBar
from ..options.grouping import Reduction, Resolution, parse_reduction
from ..options.jobs import Jobs, num_jobs
from ..options.many import AreManyRuns
from ..options.metric import Metrics, parse_metrics
from ..options.runs import CompleteSteps, MissingRanks, RepeatedSteps, RunsOrFolder, check_one_run
from ..options.trace_path import trace_path
from ..output.job_array import do_part, merge_array
from ..output.printing import note_run_part, wants_progress, write, write_json
from ..output.table import write_table

if TYPE_CHECKING:
    from sparsey_trace.replay.explain import Explanation
    from sparsey_trace.replay.result import Result

EXAMPLES = """\b
Examples:
  sparsey-trace analyze run.h5
  sparsey-trace analyze run.h5 -o results --resolution epoch --reduction layerwise_mean
  sparsey-trace analyze "run.*.h5"         every file of a run that several ranks recorded, or that was resumed
  sparsey-trace analyze run.h5 -m basis_set_size -m match_accuracy:distance=jaccard,reference_size=512
  sparsey-trace analyze --runs sweep       every run in a folder, into one data set
  sparsey-trace analyze run.h5 --explain   what would be computed, and what is known from earlier analyses
Then, in Python:
  pandas.read_parquet("run.metrics/basis_set_size.parquet")"""


def engine_names() -> list[str]:
    """Names of engines."""
    from sparsey_trace.replay.engine.engines import ENGINES

    return list(ENGINES)


Out = Annotated[
    str | None,
    typer.Option(
        "--out",
        "-o",
        metavar="DIR",
        show_default="RUN.metrics, beside the trace; of many runs runs.metrics, in their folder",
        help="Folder for the Parquet files, also at a URL such as s3://bucket/run.metrics; it may hold earlier results "
        "of the same trace, and nothing else.",
    ),
]
Engine = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        autocompletion=engine_names,
        help="Who does the work: serial, threads, processes, or auto (threads where there is more than one job); or "
        "dask, the workers of a cluster.",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        show_default=False,
        help="Of the cluster, with --engine dask: tcp://host:8786. Its workers have to see the trace and the folder of "
        "the tables.",
    ),
]
ChunkSize = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        show_default="as many as --total-memory allows",
        help="How many samples to work on at once.",
    ),
]
TotalMemory = Annotated[
    str, typer.Option(metavar="SIZE", help="What they may take together: 800M, 1G, or bytes.")
]
MostPairs = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        show_default="10,000,000,000,000, eight hours of a core",
        help="Refuse what would compare more pairs of samples, if no input comes twice; a metric's reference_size "
        "bounds them.",
    ),
]
MostBytes = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        show_default="16G",
        help="Refuse what would keep more of training, if no input comes twice; a metric's reference_size bounds it.",
    ),
]
PartitionSize = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        show_default="1,048,576",
        help="Tables by sample and by step of a longer trace lie in several parts, each of the steps that begin in N "
        "samples; a power of two.",
    ),
]
Part = Annotated[
    str | None,
    typer.Option(
        metavar="I/N",
        show_default=False,
        help="Do the share of one part of a job array: 3/100 is the third of a hundred.",
    ),
]
Merge = Annotated[
    bool,
    typer.Option(
        "--merge",
        help="Make one of what a job array's parts have left in a folder, or at a URL, named instead of the trace.",
    ),
]
Cache = Annotated[
    bool,
    typer.Option(
        "--cache/--no-cache",
        help="Use what earlier analyses left in the folder, and leave there what later ones can use; or compute "
        "everything anew.",
    ),
]
Explain = Annotated[
    bool,
    typer.Option(
        "--explain",
        help="Only show what would be done: which metrics share which pass, what comes from the cache and what is "
        "computed, and why, and the memory it takes.",
    ),
]


def analyze(
    runs: RunsOrFolder,
    *,
    many: AreManyRuns = False,
    missing_ranks: MissingRanks = "refuse",
    complete_steps: CompleteSteps = False,
    repeated_steps: RepeatedSteps = "all",
    out: Out = None,
    metric: Metrics = None,
    resolution: Resolution = "step",
    reduction: Reduction = "none",
    n_jobs: Jobs = None,
    engine: Engine = "auto",
    scheduler: Scheduler = None,
    chunk_size: ChunkSize = None,
    total_memory: TotalMemory = "1G",
    most_pairs: MostPairs = None,
    most_bytes: MostBytes = None,
    partition_size: PartitionSize = None,
    part: Part = None,
    merge: Merge = False,
    cache: Cache = True,
    explain: Explain = False,
    progress_bar: ProgressBar = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Compute metrics from a trace.

    Writes a Parquet file for each and shows what the run came to, layer by layer: now (over the last epoch, or
    the last 1,000 training samples of a run of one epoch), the best epoch, and chance. What earlier analyses left
    in the folder isn't computed again; of a trace that has grown, only the new part is.
    """
    import sparsey_trace
    from sparsey_trace.trace.paths import default_folder
    from sparsey_trace.trace.reading.open_trace import open_trace

    if merge:
        merge_array(runs, as_json=as_json)
        return
    metrics = parse_metrics(metric)
    limits = {
        name: limit
        for name, limit in {"most_pairs": most_pairs, "most_bytes": most_bytes}.items()
        if limit is not None
    }
    parts = {} if partition_size is None else {"partition_size": partition_size}
    files: dict[str, Any] = {
        "missing_ranks": missing_ranks,
        "complete_steps": complete_steps,
        "repeated_steps": repeated_steps,
    }
    if many:
        check_one_run(**files)
        _analyze_many(
            runs,
            out,
            as_json=as_json,
            explain=explain,
            chunk_size=chunk_size,
            partition_size=partition_size,
            scheduler=scheduler,
            part=part,
            **limits,
            metrics=metrics,
            resolution=resolution,
            reduction=parse_reduction(reduction),
            n_jobs=-1 if n_jobs is None else n_jobs,
            engine=engine,
            total_memory=total_memory,
            cache=cache,
            progress_bar=wants_progress(asked=progress_bar),
        )
        return
    with open_trace([trace_path(name) for name in runs], **files) as trace:
        folder = default_folder(*trace.paths) if out is None else out
        note_run_part(trace)
        wanted: dict[str, Any] = {
            "metrics": metrics,
            "resolution": resolution,
            "reduction": parse_reduction(reduction),
            "out": folder,
            "n_jobs": num_jobs(n_jobs, trace),
            "engine": engine,
            "chunk_size": chunk_size,
            "total_memory": total_memory,
            **limits,
            **parts,
            "cache": cache,
        }
        if part is not None:
            do_part(trace, part, wanted, as_json=as_json, progress_bar=wants_progress(asked=progress_bar))
            return
        if explain:
            _show_explanation(sparsey_trace.explain(trace, **wanted), as_json=as_json)
            return
        shown = wants_progress(asked=progress_bar)
        with cluster(engine, scheduler) as client:
            result = sparsey_trace.analyze(trace, **wanted, client=client, progress_bar=shown)
    if as_json:
        write_json(_as_json(trace.path, folder, result))
    else:
        _show(trace.path, folder, result)


def _analyze_many(
    runs: list[str],
    out: str | None,
    *,
    as_json: bool,
    explain: bool,
    chunk_size: int | None,
    partition_size: int | None,
    scheduler: str | None,
    part: str | None,
    **wanted: Any,
) -> None:
    """Analyse different runs; those that can't be are named, and the exit code says so.

    Raises:
        UsageError: an option was given that is for one run.
    """
    from sparsey_trace.errors import UsageError
    from sparsey_trace.runs.runs import open_runs

    from ..output.many import failed, show_result

    for option, is_given in (
        ("--explain", explain),
        ("--chunk-size", chunk_size is not None),
        ("--partition-size", partition_size is not None),
        ("--part", part is not None),
    ):
        if is_given:
            msg = f"{option}: expected one run, found --runs; leave out one of them"
            raise UsageError(msg)
    with cluster(wanted["engine"], scheduler) as client:
        result = open_runs(runs).analyze(out=out, client=client, **wanted)
    show_result(result, named=wanted["metrics"] is not None, as_json=as_json)
    if result.failed:
        raise typer.Exit(failed(result))


def _show_explanation(explanation: "Explanation", *, as_json: bool) -> None:
    """What an analysis would do."""
    if as_json:
        write_json(asdict(explanation))
        return
    for line in str(explanation).splitlines():
        write(printable(line))


def _as_json(run: Path, folder: str | Path, result: "Result") -> dict[str, Any]:
    return {
        "trace": str(run),
        "folder": str(folder),
        "tables": {name: str(path) for name, path in result.paths.items()},
        "summary": [asdict(row) for row in result.summary_rows()],
        "skipped": result.skipped,
        "gaps": result.gaps,
        "notes": result.notes,
    }


def _show(run: Path, folder: str | Path, result: "Result") -> None:
    """What an analysis came to, where its tables are and which metrics are missing."""
    from sparsey_trace.tables.open_table import num_rows
    from sparsey_trace.tables.summary import TEXT_COLUMNS, TEXT_NUMBERS, summary_texts, unit_lines

    summary = result.summary_rows()
    write_table(TEXT_COLUMNS, [summary_texts(row) for row in summary], numbers=TEXT_NUMBERS)
    for line in unit_lines(summary):
        write(line)
    if result.gaps:
        write(printable(f"{run}: {result.gaps}"))
    for name, notes in result.notes.items():
        write(f"note on {name}: {'; '.join(notes)}")
    for name in result:
        if not any(row.metric == name for row in summary) and not num_rows(result.path(name)):
            write(f"{name} has no lines: no sample of the trace has a value")
    for name, reason in result.skipped.items():
        write(printable(f"skipped {name}: {reason}"))
    files = ", ".join(f"{name}/" if path.is_dir() else path.name for name, path in result.paths.items())
    write(printable(f"{count(len(result), 'table')} of {run} in {folder}: {files}"))
