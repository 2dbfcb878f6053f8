"""How fast new codes still appear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.reporting.finding import Answer, rows_of
from sparsey_trace.support.printable import last

if TYPE_CHECKING:
    from sparsey_trace.reporting.runs import ReportRun

ABOUT = "Do new codes still appear?"


def new_codes(run: ReportRun) -> Answer | None:
    """Of the late training samples that made MACs active, the share that brought them a new code.

    A MAC that is seldom active has few new codes whatever it does, so they are told by activity, not by samples.
    """
    new, active = rows_of(run, "basis_set_size_increase", "train"), rows_of(run, "num_activations", "train")
    shares = {
        layer: row.now / 100 / found.now
        for layer, row in new.items()
        if (found := active.get(layer)) is not None and found.now and row.now is not None
    }
    if not shares:
        return None
    return Answer(
        said="How often an active MAC showed a code that it had never shown",
        over=last(next(iter(new.values())).samples or 0, "training sample"),
        by_layer={layer: f"{share:.1%}" for layer, share in shares.items()},
    )
