"""Verbs that compute: `analyze`, `compare`, `metrics`.

Annotations are not deferred, because typer reads them when it runs; what a verb needs is imported when
it is called, so that `--help` answers at once.
"""

from typing import Any

import typer

from . import options, render
from .app import app
from .exits import GATE_FAILED


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
    from sparsey_trace.replay.describe import place
    from sparsey_trace.trace.reading.open_trace import open_trace

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
        shown = render.wants_progress(asked=progress_bar)
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
    from sparsey_trace.comparing.compare import compare as side_by_side

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
            progress_bar=render.wants_progress(asked=progress_bar),
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
  sparsey-trace metrics
  sparsey-trace analyze run.h5 --metric match_accuracy:distance=jaccard"""
)
def metrics(*, as_json: options.Json = False, debug: options.Debug = False) -> None:
    """List the metrics and their parameters."""
    from .facts import catalogue

    render.catalogue(catalogue(), as_json=as_json)
