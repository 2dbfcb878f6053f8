"""`info`: what is in a trace."""

from collections.abc import Mapping
from typing import Any

from sparsey_trace.support.printable import printable

from ..options.common import Debug, Json
from ..options.runs import CompleteSteps, MissingRanks, RepeatedSteps, RunsOrFolder
from ..options.trace_path import trace_path
from ..output.printing import wants_progress, write, write_json
from ..output.table import write_pairs, write_table

EXAMPLES = """\b
Examples:
  sparsey-trace info run.h5
  sparsey-trace info sweep                 a folder of many runs; one row for each: sparsey-trace runs sweep
  sparsey-trace info run.h5 --json | jq .layers"""


def info(
    runs: RunsOrFolder,
    *,
    missing_ranks: MissingRanks = "refuse",
    complete_steps: CompleteSteps = False,
    repeated_steps: RepeatedSteps = "all",
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show what is in a trace, or in a folder of runs.

    And which metrics can be computed from it; also of an empty trace, and of one that is still being written. Of a
    folder: how many runs it holds, in what they differ, and which are broken.
    """
    from sparsey_trace.replay.describe import facts
    from sparsey_trace.runs.finding import is_folder
    from sparsey_trace.trace.reading.open_trace import open_trace

    if any(map(is_folder, runs)):
        _of_many(runs, as_json=as_json)
        return

    with open_trace(
        [trace_path(run) for run in runs],
        missing_ranks=missing_ranks,
        complete_steps=complete_steps,
        repeated_steps=repeated_steps,
    ) as trace:
        found = facts(trace)
    if as_json:
        write_json(found)
    else:
        _show(found)


def _of_many(runs: list[str], *, as_json: bool) -> None:
    """What is in folders of runs; nothing is kept there."""
    from sparsey_trace.runs.describe_runs import described_runs, runs_facts, values_in_words
    from sparsey_trace.runs.runs import open_runs

    from ..output.printing import error

    found = open_runs(runs)
    facts = runs_facts(found.entries(progress_bar=wants_progress()))
    if as_json:
        write_json(facts)
        return
    write_pairs(described_runs(facts))
    if facts["differing"]:
        write()
        rows = [[key, values_in_words(values)] for key, values in facts["differing"].items()]
        write_table(("differs", "values"), rows)
    for name, fault in facts["broken"].items():
        error(f"{name}: {fault}")


def _show(facts: Mapping[str, Any]) -> None:
    from sparsey_trace.replay.describe import LAYER_HEADS, config_tree, described, described_layer

    write_pairs(described(facts))
    if facts["config"]:
        write()
        write("configuration")
        for line in config_tree(facts["config"], indent=1):
            write(printable(line))
    write()
    write_table(LAYER_HEADS, [described_layer(layer) for layer in facts["layers"]], numbers=LAYER_HEADS[1:])
    write()
    answers = [(metric, _answer(metric, facts)) for metric in facts["metrics"]]
    write_table(("metric", "can be computed"), answers)


def _answer(metric: str, facts: Mapping[str, Any]) -> str:
    """Whether a metric can be computed, or why not."""
    reason, notes = facts["metrics"][metric], facts["notes"].get(metric, [])
    return ": ".join(["yes", *notes]) if reason is None else f"no: {reason}"
