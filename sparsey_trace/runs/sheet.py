"""Many runs to be read: a row for each, with what differs in their configurations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.runs.configuration import as_text, flat
from sparsey_trace.tables.summary import figure_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sparsey_trace.runs.entry import Entry
    from sparsey_trace.tables.summary import SummaryRow

HEADS = ("run", "state", "samples", "epoch", "last eval")
"""Of the columns that every sheet has; `last eval` is the epoch of the last evaluation."""

NUMBERS = HEADS[2:]


def rows_of(entries: Sequence[Entry], keys: Sequence[str]) -> list[list[str]]:
    """A row for each run: texts for `HEADS`, then the values of its configuration under these keys."""
    return [_row(entry, keys) for entry in entries]


def _row(entry: Entry, keys: Sequence[str]) -> list[str]:
    config = flat(entry.config)
    counts = [entry.samples, entry.epoch, entry.eval_epoch] if entry.is_readable else [None] * 3
    return [
        entry.name,
        entry.state,
        *("" if count is None else f"{count:,}" for count in counts),
        *(as_text(config[key]) if key in config else "" for key in keys),
    ]


def evaluations(summaries: Mapping[str, Sequence[SummaryRow]]) -> tuple[list[str], dict[str, list[str]]]:
    """What runs came to in their last evaluation: means over layers.

    Args:
        summaries: run to the rows of its summary.

    Returns:
        The metrics in which any run has values by evaluation, and by run a text for each; empty where it has none.
    """
    found = {run: evaluation_means(rows) for run, rows in summaries.items()}
    metrics = list(dict.fromkeys(metric for means in found.values() for metric in means))
    texts = {
        run: [figure_text(means[metric]) if metric in means else "" for metric in metrics]
        for run, means in found.items()
    }
    return metrics, texts


def evaluation_means(rows: Sequence[SummaryRow]) -> dict[str, float]:
    """By metric the mean over layers of what the last evaluation came to."""
    values: dict[str, list[float]] = {}
    for row in rows:
        if row.phase == "eval" and row.now is not None and row.best is not None:
            values.setdefault(row.metric, []).append(row.now)
    return {metric: sum(found) / len(found) for metric, found in values.items()}


def same_of(entries: Sequence[Entry]) -> dict[str, Any]:
    """What the configurations of all readable runs have in common, by flat key."""
    flats = [flat(entry.config) for entry in entries if entry.is_readable]
    first = flats[0] if flats else {}
    return {key: value for key, value in first.items() if all(one.get(key, _NONE) == value for one in flats)}


_NONE = object()
