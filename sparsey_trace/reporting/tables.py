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

    from sparsey_trace.comparing.sheet import Sheet
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
    """What the runs are; of several, what differs beside each other, and the rest folded."""
    found = [_facts(run) for run in runs]
    recorded = _beside("Recorded", runs, [described(fact) for fact in found])
    return [*recorded, *_models(runs, found), *_config(runs)]


def _beside(caption: str, runs: Sequence[ReportRun], told: Sequence[dict[str, str]]) -> list[Table]:
    """What is told of each run by name: a column for each run; what differs between runs comes first."""
    names = dict.fromkeys(name for one in told for name in one)
    same = [name for name in names if len({one.get(name) for one in told}) == 1]
    other = [name for name in names if name not in same]
    parts = [(f"{caption}: what differs", other), (f"{caption}: the same in all runs", same)]
    return [
        Table(
            caption=title,
            heads=_heads(runs),
            rows=[[name, *(one.get(name, "") for one in told)] for name in part],
            numbers=[],
            is_long=len(part) > _FOLDED or (len(runs) > 1 and part is same),
        )
        for title, part in (parts if len(runs) > 1 else [(caption, same)])
        if part
    ]


def _models(runs: Sequence[ReportRun], found: Sequence[dict[str, Any]]) -> list[Table]:
    """Each run's layers; once, and folded, where they are the same in several."""
    layers = [[described_layer(layer) for layer in fact["layers"]] for fact in found]
    if len(runs) > 1 and all(one == layers[0] for one in layers):
        return [_layers(layers[0], of=", the same in all runs", is_long=True)]
    names = [f" of {run.name}" if len(runs) > 1 else "" for run in runs]
    return [_layers(one, of=name) for one, name in zip(layers, names, strict=True)]


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


def _layers(rows: Sequence[Sequence[str]], *, of: str, is_long: bool = False) -> Table:
    return Table(
        caption=f"The model from the input up{of}",
        heads=LAYER_HEADS,
        rows=rows,
        numbers=range(1, len(LAYER_HEADS)),
        is_long=is_long,
    )


def _config(runs: Sequence[ReportRun]) -> list[Table]:
    return _beside("Configuration", runs, [dict(config_leaves(run.trace.config)) for run in runs])


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
    """What the runs came to: tables, and sentences on what is to be known of them."""
    figures = [run.figures for run in runs]
    if len(runs) > 1:
        sheet = Comparison(figures).sheet()
        return {"tables": _sheets(runs, sheet), "lines": [*sheet.footer, *unshared(figures), *_notes(runs)]}
    rows = figures[0].summary
    table = Table(
        caption="What the run came to: means over the MACs of a layer",
        heads=TEXT_COLUMNS,
        rows=[summary_texts(row) for row in rows],
        numbers=[TEXT_COLUMNS.index(name) for name in TEXT_NUMBERS],
    )
    return {"tables": [table], "lines": [*unit_lines(rows), *unshared(figures), *_notes(runs)]}


def _sheets(runs: Sequence[ReportRun], sheet: Sheet) -> list[Table]:
    """Figures of several runs: those of now that differ; folded, what doesn't, and what else there is."""
    # The sheet's own names of runs are cut to fit a terminal.
    names = dict(zip(sheet.runs, (run.name for run in runs), strict=True))
    heads = [names.get(head, head) for head in sheet.heads]
    columns = [sheet.heads.index(name) for name in sheet.runs]
    value = sheet.heads.index("value")
    is_now = [row[value] == "now" for row in sheet.rows]
    differs = [len({row[column].strip(" *") for column in columns}) > 1 for row in sheet.rows]
    shown = [now and other for now, other in zip(is_now, differs, strict=True)]
    parts = [
        ("Figures of now that differ: means over the MACs of a layer", True),
        ("All other figures", False),
    ]
    return [
        Table(caption=caption, heads=heads, rows=rows, numbers=range(value + 1, len(heads)), is_long=not part)
        for caption, part in parts
        if (rows := [row for row, its in zip(sheet.rows, shown, strict=True) if its == part])
    ]


def _notes(runs: Sequence[ReportRun]) -> list[str]:
    """What the traces don't hold, and what that makes of values."""
    said = []
    for run in runs:
        result, of = run.result, f"{run.name}: " if len(runs) > 1 else ""
        said += [f"{of}{result.gaps}"] if result.gaps else []
        said += [f"{of}{name}: {note}" for name, notes in result.notes.items() for note in notes]
    return said
