"""`compare`: runs side by side, on the screen and in a file, and whether they keep the rules that are given."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sparsey_trace.errors import UsageError
from sparsey_trace.support.printable import count, printable

from ..options.common import Debug, Json, Overwrite, ProgressBar
from ..options.grouping import Reduction, Resolution, parse_reduction
from ..options.jobs import Jobs, num_jobs
from ..options.many import AreManyRuns
from ..options.metric import Metrics, parse_metrics
from ..options.runs import CompleteSteps, MissingRanks, RepeatedSteps, check_one_run
from ..options.trace_path import path_here, run_path
from ..output.exits import RULE_BROKEN
from ..output.printing import error, note_run_part, wants_progress, write, write_json
from ..output.table import write_pairs, write_table

if TYPE_CHECKING:
    from sparsey_trace.comparing.comparison import Comparison
    from sparsey_trace.comparing.rules import Violation
    from sparsey_trace.trace.reading.trace import Trace

EXAMPLES = """\b
Examples:
  sparsey-trace compare before.h5 after.h5
  sparsey-trace compare before.metrics after.h5 -m match_accuracy -o comparison.csv
  sparsey-trace compare --runs sweep -m match_accuracy     a row for each run in a folder
  sparsey-trace compare before.h5 after.h5 --fail-if "feature_coverage<0.9" --fail-if "match_accuracy<-0.02"
A rule is [now:|best:|area:][train:|eval:]METRIC[[LAYER]] with <, <=, > or >= and a limit: a number for the value of
any run, +number or -number, also with %, for its change against the first run. Exit code 1: a rule was broken."""

RunsToCompare = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN...",
        help='Two runs or more: traces (a quoted pattern such as "run.*.h5" for one of several files), or '
        "folders of tables that `analyze` wrote. The others are compared with the first.",
        show_default=False,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        show_default="only shown",
        parser=path_here,
        help="Also write the comparison there, a line for each metric, layer and run: .parquet, .csv or .json.",
    ),
]
FailIf = Annotated[
    list[str] | None,
    typer.Option(
        metavar="RULE",
        show_default=False,
        help='Exit with 1 where this is so: "feature_coverage<0.9" (the value, of any run), '
        '"match_accuracy<-0.02" or "basis_set_size[v1]>+10%" (its change against the first run), '
        '"match_accuracy<=chance"; '
        "may be given more than once.",
    ),
]

_ENDINGS = (".parquet", ".csv", ".json")


def compare(
    runs: RunsToCompare,
    *,
    many: AreManyRuns = False,
    missing_ranks: MissingRanks = "refuse",
    complete_steps: CompleteSteps = False,
    repeated_steps: RepeatedSteps = "all",
    out: Out = None,
    overwrite: Overwrite = False,
    fail_if: FailIf = None,
    metric: Metrics = None,
    resolution: Resolution = "step",
    reduction: Reduction = "none",
    n_jobs: Jobs = None,
    progress_bar: ProgressBar = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Compare runs side by side, and fail where one is not good enough.

    Shows what each came to by metric, phase and layer: now, in the best epoch, and by chance; * marks the best
    run, where better means better. What isn't analysed yet is analysed now, into the folders of `analyze`.
    """
    from sparsey_trace.comparing.compare import compare as compare_runs

    from ..output.many import many_runs

    rules = fail_if or []
    _check_asked(rules, out, overwrite=overwrite)
    wanted: dict[str, Any] = {
        "metrics": parse_metrics(metric),
        "resolution": resolution,
        "reduction": parse_reduction(reduction),
        "progress_bar": wants_progress(asked=progress_bar),
    }
    files: dict[str, Any] = {
        "missing_ranks": missing_ranks,
        "complete_steps": complete_steps,
        "repeated_steps": repeated_steps,
    }
    if many:
        check_one_run(**files)
        comparison = compare_runs(many_runs(runs), n_jobs=-1 if n_jobs is None else n_jobs, **wanted)
    else:
        with _opened([run_path(run) for run in runs], **files) as sources:
            jobs = num_jobs(n_jobs, *(source for source in sources if not isinstance(source, Path)))
            comparison = compare_runs(sources, n_jobs=jobs, **wanted)
    violations = comparison.check(rules)
    if out is not None:
        _write_file(comparison, out)
    _show(comparison, violations, rules=rules, as_json=as_json)
    if violations:
        raise typer.Exit(RULE_BROKEN)


def _check_asked(rules: Sequence[str], out: Path | None, *, overwrite: bool) -> None:
    """See that rules and the file to write make sense, before anything is computed.

    Raises:
        UsageError: they don't.
        OutputError: something is there already.
    """
    from sparsey_trace.comparing.rules import parse_rule
    from sparsey_trace.support.writing import check_no_file

    for rule in rules:
        parse_rule(rule)
    if out is not None and out.suffix not in _ENDINGS:
        msg = f"--out: expected a file's name that ends in one of {', '.join(_ENDINGS)}, found {str(out)!r}"
        raise UsageError(msg)
    if out is not None:
        check_no_file(out, overwrite=overwrite)


@contextlib.contextmanager
def _opened(runs: Sequence[Path], **files: Any) -> "Iterator[list[Trace | Path]]":
    """The traces among runs, opened, and the folders as they are.

    Args:
        runs: that were named.
        files: how the files of a run are put together; see `open_trace`.

    Raises:
        TraceError: one is neither.
    """
    from sparsey_trace.trace.reading.open_trace import open_trace

    with contextlib.ExitStack() as stack:
        sources = [run if run.is_dir() else stack.enter_context(open_trace(run, **files)) for run in runs]
        for source in sources:
            if not isinstance(source, Path):
                note_run_part(source)
        yield sources


def _write_file(comparison: "Comparison", path: Path) -> None:
    """Write the table of a comparison.

    Raises:
        OutputError: the file can't be written.
    """
    from sparsey_trace.support.writing import whole, writing

    frame = comparison.table
    with writing(path), whole(path) as partial, partial.open("xb") as stream:
        if path.suffix == ".parquet":
            frame.to_parquet(stream, index=False)
        elif path.suffix == ".csv":
            frame.to_csv(stream, index=False)
        else:
            frame.to_json(stream, orient="records", indent=2)


def _show(
    comparison: "Comparison", violations: "Sequence[Violation]", *, rules: Sequence[str], as_json: bool
) -> None:
    """Show runs side by side, what they don't share, and on standard error which rules were broken."""
    if as_json:
        write_json(_as_json(comparison, violations))
    else:
        _show_sheet(comparison)
        if rules and not violations:
            write(f"{count(len(rules), 'rule')} kept")
    for violation in violations:
        error(f"rule broken: {violation}")


def _show_sheet(comparison: "Comparison") -> None:
    sheet = comparison.sheet()
    if sheet.runs:
        runs = zip(sheet.runs, comparison.runs, strict=True)
        write_pairs({name: f"{run.name}, {count(run.samples, 'sample')}" for name, run in runs})
        write()
    write_table(sheet.heads, sheet.rows, numbers=sheet.numbers, grouped=bool(sheet.runs))
    write()
    for line in [*sheet.footer, *comparison.remarks]:
        write(printable(line))


def _as_json(comparison: "Comparison", violations: "Sequence[Violation]") -> dict[str, Any]:
    return {
        "runs": [{"run": run.name, "trace": run.trace, "samples": run.samples} for run in comparison.runs],
        "entries": [asdict(figures) for figures in comparison.figures],
        "remarks": comparison.remarks,
        "violations": [asdict(violation) for violation in violations],
    }
