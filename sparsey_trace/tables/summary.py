"""What a run came to by one metric: a row for each phase and layer, kept in the metadata of the metric's table.

See "What a run comes to" in docs/metrics.md. Figures are made from exact totals while a table is made, not from its
rows: so they are the same whatever the table's resolution and reduction, and however samples were cut into steps.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from sparsey_trace.tables.open_table import metadata_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pandas as pd

METADATA_KEY = b"sparsey_trace_summary"


@dataclass(frozen=True, kw_only=True)
class SummaryRow:
    """A metric's figures in one phase and layer; None stands for what has no meaning.

    Attributes:
        metric: the table's name, or what else the metric tells in a summary.
        phase: `train` or `eval`.
        layer: the layer's number.
        layer_name: the layer's name.
        now: over the last epoch of the phase, the mean over the layer's MACs; in a run of one epoch, over its last
            1,000 training samples. Of sizes, what they are at the end.
        best: the best mean of an epoch, where better means better.
        best_epoch: the first epoch with that.
        chance: what `now` would be by chance: against a training sample drawn at random, or with codes given out at
            random.
        samples: how many samples `now` stands for.
        unit: of all of these.
        area: of sizes, what they were on average over all training samples.
    """

    metric: str
    phase: str | None
    layer: int | None
    layer_name: str | None
    now: float | None
    best: float | None = None
    best_epoch: int | None = None
    chance: float | None = None
    samples: int | None = None
    unit: str = ""
    area: float | None = None


COLUMNS = tuple(field.name for field in fields(SummaryRow) if field.name != "area")
"""Of a summary as a table."""


def summary_metadata(rows: Sequence[SummaryRow]) -> dict[bytes, bytes]:
    """Rows as the metadata of a table."""
    return {METADATA_KEY: json.dumps([asdict(row) for row in rows], allow_nan=False).encode()}


def summary_in(path: Path) -> list[SummaryRow] | None:
    """The rows in the metadata of a table; None where it has none: an older version wrote it, or another program."""
    metadata = metadata_in(path)
    if METADATA_KEY not in metadata:
        return None
    return [SummaryRow(**row) for row in json.loads(metadata[METADATA_KEY])]


def summary_frame(rows: Iterable[SummaryRow]) -> pd.DataFrame:
    """Rows as a pandas frame; what has no meaning is null."""
    import pandas as pd

    found = pd.DataFrame([asdict(row) for row in rows], columns=list(COLUMNS))
    whole = dict.fromkeys(("layer", "best_epoch", "samples"), "Int64")
    return found.astype({**whole, **dict.fromkeys(("now", "best", "chance"), "float64")})


def summary_texts(row: SummaryRow) -> list[str]:
    """A row as short texts, but for its unit: a text for each of `TEXT_COLUMNS`."""
    numbers: list[Any] = [row.now, row.best, row.best_epoch, row.chance, row.samples]
    texts = ["" if found is None else figure_text(found) for found in numbers]
    layer = "" if row.layer is None else str(row.layer)
    return [row.metric, row.phase or "", layer, row.layer_name or "", *texts]


TEXT_COLUMNS = ("metric", "phase", "#", "layer", "now", "best", "epoch", "chance", "samples")
"""What `summary_texts` has texts for; # is the layer's number."""

TEXT_NUMBERS = ("#", "now", "best", "epoch", "chance", "samples")
"""Those of them that are numbers."""


def figure_text(value: float) -> str:
    """A figure as it is shown, everywhere.

    >>> figure_text(0.94405), figure_text(12345.6), figure_text(400)
    ('0.944', '12,346', '400')
    """
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def unit_lines(rows: Iterable[SummaryRow]) -> list[str]:
    """Which unit each metric of the rows is in, a line for each unit."""
    metrics: dict[str, list[str]] = {}
    for row in rows:
        if row.unit and row.metric not in metrics.setdefault(row.unit, []):
            metrics[row.unit].append(row.metric)
    return [f"{unit}: {', '.join(names)}" for unit, names in metrics.items()]
