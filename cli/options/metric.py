"""Which metrics, with which parameters: NAME or NAME:key=value,key=value."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sparsey_trace.errors import UsageError

if TYPE_CHECKING:
    from sparsey_trace.metrics.base import Metric


def metric_names() -> list[tuple[str, str]]:
    """Names of metrics, and what each one is."""
    from sparsey_trace.metrics.registry import available

    return list(available().items())


Metrics = Annotated[
    list[str] | None,
    typer.Option(
        "--metric",
        "-m",
        metavar="NAME[:key=value,...]",
        show_default="all that are built in",
        autocompletion=metric_names,
        help="A metric to compute, with parameters if wanted; may be given more than once.",
    ),
]


def parse_metrics(texts: Sequence[str] | None) -> "list[Metric[Any]] | None":
    """The metrics that are asked for; None where none is named.

    Raises:
        UsageError: one is written in another grammar, or has an unknown name, parameter or value.
    """
    return [parse_metric(text) for text in texts] if texts else None


def parse_metric(text: str) -> "Metric[Any]":
    """A metric as it is written on the command line.

    Raises:
        UsageError: another grammar, or an unknown metric, parameter or value.
    """
    from sparsey_trace.metrics.registry import make_metric

    name, colon, rest = text.partition(":")
    pairs = [part.partition("=") for part in rest.split(",")] if colon else []
    if not name or not all(key and equals and value for key, equals, value in pairs):
        msg = f"--metric: expected NAME or NAME:key=value,key=value, found {text!r}"
        raise UsageError(msg)
    given = {key: value for key, _, value in pairs}
    if len(given) < len(pairs):
        msg = f"--metric: expected each parameter once, found {text!r}"
        raise UsageError(msg)
    return make_metric(name, given)
