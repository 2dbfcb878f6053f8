"""What a report says in tables: what the runs are, and what they came to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sparsey_trace.comparing.comparison import Comparison
from sparsey_trace.comparing.layer_pairing import unshared
from sparsey_trace.replay.describe import LAYER_HEADS, described, described_layer, facts
from sparsey_trace.tables.summary import TEXT_COLUMNS, TEXT_NUMBERS, summary_texts, unit_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.reporting.runs import ReportRun


_FOLDED = 16
"""Rows of a configuration; a longer one is folded."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of texts.

    Attributes:
        caption: what it shows.
        heads: of the columns; none where empty.
        rows: a text for each column.
        numbers: the indices of columns with numbers in them.
        is_long: whether it is folded at first.
    """

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int]
    is_long: bool = False


def facts_of(runs: Sequence[ReportRun]) -> list[Table]:
    """What the runs are: a column for each run, and each run's layers."""
    found = [_facts(run) for run in runs]
    said = [described(fact) for fact in found]
    names = list(dict.fromkeys(name for one in said for name in one))
    return [
        Table(
            caption="Recorded" if len(runs) == 1 else "Recorded, run by run",
            heads=_heads(runs),
            rows=[[name, *(one.get(name, "") for one in said)] for name in names],
            numbers=[],
        ),
        *[
            _layers(fact, of=f" of {run.name}" if len(runs) > 1 else "")
            for run, fact in zip(runs, found, strict=True)
        ],
        *_config(runs),
    ]


def _heads(runs: Sequence[ReportRun]) -> list[str]:
    """A column for each run; of one run it would say nothing."""
    return ["", *(run.name for run in runs)] if len(runs) > 1 else []


def _facts(run: ReportRun) -> dict[str, Any]:
    """Without the folders that files stand in, which are nobody's business who gets the report."""
    return {
        **facts(run.trace),
        "trace": run.trace.path.name,
        "files": [path.name for path in run.trace.paths],
    }


def _layers(fact: dict[str, Any], *, of: str) -> Table:
    return Table(
        caption=f"The model{of}, from the input up",
        heads=LAYER_HEADS,
        rows=[described_layer(layer) for layer in fact["layers"]],
        numbers=range(1, len(LAYER_HEADS)),
    )


def _config(runs: Sequence[ReportRun]) -> list[Table]:
    """The configurations; of several runs, beside each other."""
    configs = [dict(config_leaves(run.trace.config)) for run in runs]
    keys = dict.fromkeys(key for config in configs for key in config)
    same = [key for key in keys if len({config.get(key) for config in configs}) == 1]
    other = [key for key in keys if key not in same]
    parts = (
        [("Configuration", same)]
        if not other
        else [("Configuration: what differs", other), ("Configuration: the rest", same)]
    )
    return [
        Table(
            caption=caption,
            heads=_heads(runs),
            rows=[[key, *(config.get(key, "") for config in configs)] for key in part],
            numbers=[],
            is_long=len(part) > _FOLDED or (len(runs) > 1 and part is same),
        )
        for caption, part in parts
        if part
    ]


def config_leaves(config: Any, prefix: str = "") -> list[tuple[str, str]]:
    """The values of a configuration by the path to each.

    >>> config_leaves({"lr": 1, "layers": [{"rows": 2}, {"rows": None}], "sizes": [2, 3]})
    [('lr', '1'), ('layers[0].rows', '2'), ('layers[1].rows', 'null'), ('sizes', '[2, 3]')]
    """
    if isinstance(config, dict) and config:
        named = [(f"{prefix}.{key}" if prefix else str(key), value) for key, value in config.items()]
    elif isinstance(config, list) and any(isinstance(value, dict) for value in config):
        named = [(f"{prefix}[{index}]", value) for index, value in enumerate(config)]
    else:
        return [(prefix, config if isinstance(config, str) else json.dumps(config))] if prefix else []
    return [leaf for path, value in named for leaf in config_leaves(value, path)]


def summary_of(runs: Sequence[ReportRun]) -> dict[str, Any]:
    """What the runs came to: a table, and sentences on what is to be known of it."""
    figures = [run.figures for run in runs]
    if len(runs) > 1:
        sheet = Comparison(figures).sheet()
        # The sheet's own names of runs are cut to fit a terminal.
        names = dict(zip(sheet.runs, (run.name for run in runs), strict=True))
        heads = [names.get(head, head) for head in sheet.heads]
        caption = "Figures, run by run: means over the MACs of a layer"
        table = Table(caption=caption, heads=heads, rows=sheet.rows, numbers=range(4, len(heads)))
        return {"table": table, "lines": [*sheet.footer, *unshared(figures), *_notes(runs)]}
    rows = figures[0].summary
    table = Table(
        caption="What the run came to: means over the MACs of a layer",
        heads=TEXT_COLUMNS,
        rows=[summary_texts(row) for row in rows],
        numbers=[TEXT_COLUMNS.index(name) for name in TEXT_NUMBERS],
    )
    return {"table": table, "lines": [*unit_lines(rows), *unshared(figures), *_notes(runs)]}


def _notes(runs: Sequence[ReportRun]) -> list[str]:
    """What the traces don't hold, and what that makes of values."""
    said = []
    for run in runs:
        result, of = run.result, f"{run.name}: " if len(runs) > 1 else ""
        said += [f"{of}{result.gaps}"] if result.gaps else []
        said += [f"{of}{name}: {note}" for name, notes in result.notes.items() for note in notes]
    return said
