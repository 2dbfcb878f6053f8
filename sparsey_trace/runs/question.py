"""One form a table: a data set of many runs' tables can be read only if all of a metric's are made alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import OutputError
from sparsey_trace.runs.results_folder import tables_in
from sparsey_trace.tables.provenance import first_difference, provenance_in

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sparsey_trace.metrics.base import Metric


def check_question(
    folder: Path, metrics: Sequence[Metric[Any]], *, resolution: str, reduction: str | None
) -> None:
    """See that what is asked for can lie beside the tables that are there.

    Args:
        folder: of many runs' results.
        metrics: configured for the resolution and the reduction.
        resolution: as of `analyze`.
        reduction: as of `analyze`.

    Raises:
        OutputError: a metric has tables of another form there.
    """
    there = tables_in(folder)
    for metric in metrics:
        path = next(iter(there.get(metric.name, {}).values()), None)
        made = None if path is None else provenance_in(path)
        if made is None:
            continue
        asked = {"resolution": resolution, "reduction": reduction}
        parameters = json.loads(json.dumps(metric.decided))
        other = first_difference(made, asked) or first_difference(made.get("parameters", {}), parameters)
        if other is not None:
            msg = (
                f"{folder}: expected all tables of {metric.name} to be made alike, found {other}; choose another "
                "folder with out, on the command line with -o, or ask for what is there"
            )
            raise OutputError(msg)
