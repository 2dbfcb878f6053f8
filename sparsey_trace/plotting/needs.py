"""What has to be there before a picture is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.errors import UsageError
from sparsey_trace.support.extras import require
from sparsey_trace.tables.provenance import provenance_in

if TYPE_CHECKING:
    from sparsey_trace.replay.result import Result

_TABLES = {
    "basis_set_size_increase": "basis_set_size",
    "match_accuracy_by_class": "match_accuracy",
    "match_accuracy_by_distance": "match_accuracy",
    "similarity": None,
}
"""What is drawn from another table than the one of its own name."""

_REPLAYED = ("match_accuracy_by_class", "match_accuracy_by_distance")
"""Pictures that need a table only to say that it can be made."""


def check_installed(what: str) -> None:
    """See that there is matplotlib.

    Args:
        what: is to be drawn, for the message.

    Raises:
        UsageError: there isn't.
    """
    require("matplotlib", what=what, extra="plot")


def table_of(picture: str) -> str | None:
    """The table that a picture is drawn from; None where the trace is enough."""
    return _TABLES.get(picture, picture)


def check_table(result: Result, picture: str) -> None:
    """See that a result has what a picture needs.

    Raises:
        UsageError: its table is missing, or was made in another form.
    """
    table = table_of(picture)
    if table is None:
        return
    if table not in result:
        why = result.skipped.get(table) or f"tables of {', '.join(result)} only; name it in metrics=[…]"
        msg = f"plot.{picture}: expected the table {table}, found {why}"
        raise UsageError(msg)
    made = provenance_in(result.path(table)) or {}
    has_form = made.get("reduction") is None and made.get("resolution") == "step"
    if picture == "basis_average":
        has_form = made.get("reduction") is None and not made.get("parameters", {}).get("sparse")
    if not has_form and picture not in _REPLAYED:
        reduction, resolution = made.get("reduction") or "none", made.get("resolution")
        msg = (
            f"plot.{picture}: expected {table} by step and without a reduction, found resolution {resolution} and "
            f"reduction {reduction}; analyse once more with resolution='step' and reduction=None"
        )
        raise UsageError(msg)
