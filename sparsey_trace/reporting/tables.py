"""What a report says in tables: what the runs are, and what they came to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sparsey_trace.comparing.comparison import Comparison
from sparsey_trace.comparing.layer_pairing import unshared
from sparsey_trace.replay.describe import LAYER_HEADS, described, described_layer, facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.reporting.views import View, Views


_FOLDED = 16
"""Rows of a configuration; a longer one is folded."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of texts.

    Attributes:
        caption: what it shows.
        heads: of the columns; none where empty.
        rows: a text for each column.
        numbers: the places of columns with numbers in them.
        is_long: whether it is folded at first.
    """

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int]
    is_long: bool = False


def facts_of(views: Views) -> list[Table]:
    """What the runs are: a column for each run, and each run's layers."""
    found = [_facts(view) for view in views.all]
    said = [described(fact) for fact in found]
    names = list(dict.fromkeys(name for one in said for name in one))
    return [
        Table(
            caption="Recorded" if not views.are_several else "Recorded, run by run",
            heads=_heads(views),
            rows=[[name, *(one.get(name, "") for one in said)] for name in names if name != "config"],
            numbers=[],
        ),
        *[_layers(view, fact, views) for view, fact in zip(views.all, found, strict=True)],
        *_config(views),
    ]


def _heads(views: Views) -> list[str]:
    """A column for each run; of one run it would say nothing."""
    return ["", *(view.name for view in views.all)] if views.are_several else []


def _facts(view: View) -> dict[str, Any]:
    """Without the folders that files stand in, which are nobody's business who gets the report."""
    trace = view.run.trace
    return {**facts(trace), "trace": trace.path.name, "files": [path.name for path in trace.paths]}


def _of(view: View, views: Views) -> str:
    return f" of {view.name}" if views.are_several else ""


def _layers(view: View, fact: dict[str, Any], views: Views) -> Table:
    return Table(
        caption=f"The model{_of(view, views)}, from the input up",
        heads=LAYER_HEADS,
        rows=[described_layer(layer) for layer in fact["layers"]],
        numbers=range(1, len(LAYER_HEADS)),
    )


def _config(views: Views) -> list[Table]:
    """The configurations; of several runs, side by side."""
    configs = [dict(_leaves(view.run.trace.config)) for view in views.all]
    keys = list(dict.fromkeys(key for config in configs for key in config))
    if not keys:
        return []
    return [
        Table(
            caption="Configuration",
            heads=_heads(views),
            rows=[[key, *(config.get(key, "") for config in configs)] for key in keys],
            numbers=[],
            is_long=len(keys) > _FOLDED,
        )
    ]


def _leaves(config: Any, prefix: str = "") -> list[tuple[str, str]]:
    """The values of a configuration by the path to each.

    >>> _leaves({"lr": 1, "layers": [{"rows": 2}, {"rows": None}], "sizes": [2, 3]})
    [('lr', '1'), ('layers[0].rows', '2'), ('layers[1].rows', 'null'), ('sizes', '[2, 3]')]
    """
    if isinstance(config, dict) and config:
        named = [(f"{prefix}.{key}" if prefix else str(key), value) for key, value in config.items()]
    elif isinstance(config, list) and any(isinstance(value, dict) for value in config):
        named = [(f"{prefix}[{place}]", value) for place, value in enumerate(config)]
    else:
        return [(prefix, config if isinstance(config, str) else json.dumps(config))] if prefix else []
    return [leaf for path, value in named for leaf in _leaves(value, path)]


def summary_of(views: Views) -> dict[str, Any]:
    """What the runs came to: a table, and lines on what is to be known of it."""
    if views.are_several:
        sheet = Comparison(views.figures).sheet()
        # The sheet's own names of runs are cut to fit a terminal.
        names = dict(zip(sheet.runs, (view.name for view in views.all), strict=True))
        heads = [names.get(head, head) for head in sheet.heads]
        caption = "Figures, run by run: means over the MACs of a layer"
        table = Table(caption=caption, heads=heads, rows=sheet.rows, numbers=range(3, len(heads)))
        return {"table": table, "lines": [*sheet.footer, *unshared(views.figures), *_notes(views)]}
    (view,) = views.all
    rows = [_named(row.texts(), view.layers) for row in view.figures.summary]
    caption = "The last and the best value: means over the MACs of a layer"
    table = Table(caption=caption, heads=["metric", "layer", "last", "best", "at"], rows=rows, numbers=[2, 3])
    return {"table": table, "lines": [*unshared(views.figures), *_notes(views)]}


def _named(texts: list[str], layers: dict[int, str]) -> list[str]:
    return [texts[0], layers[int(texts[1])] if texts[1] else "", *texts[2:]]


def _notes(views: Views) -> list[str]:
    """What the traces don't hold, and what that makes of values."""
    lines = []
    for view in views.all:
        result, of = view.run.result, f"{view.name}: " if views.are_several else ""
        lines += [f"{of}{result.gaps}"] if result.gaps else []
        lines += [f"{of}{name}: {line}" for name, notes in result.notes.items() for line in notes]
    return lines
