"""`metrics`: which metrics there are, and their parameters."""

import types
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from sparsey_trace.support.printable import printable

from ..options.common import Debug, Json
from ..output.printing import write, write_json

EXAMPLES = """\b
Examples:
  sparsey-trace metrics
  sparsey-trace analyze run.h5 --metric match_accuracy:distance=jaccard"""


def metrics(*, as_json: Json = False, debug: Debug = False) -> None:
    """List the metrics and their parameters."""
    found = _catalogue()
    if as_json:
        write_json({"metrics": found})
    else:
        _show(found)


def _catalogue() -> list[dict[str, Any]]:
    """Every metric with what it is, its resolutions and reductions, and its parameters with defaults and types."""
    from sparsey_trace.metrics.registry import available, metric_classes, package_of_metric

    return [
        {
            "name": name,
            "about": about,
            "package": package_of_metric(metric_classes()[name]),
            "resolutions": list(metric_classes()[name].resolutions),
            "reductions": list(metric_classes()[name].reductions),
            "parameters": _parameters(metric_classes()[name]),
        }
        for name, about in available().items()
    ]


def _parameters(cls: type[Any]) -> dict[str, Any]:
    from sparsey_trace.metrics.registry import parameters_of

    hints = get_type_hints(cls)
    return {
        name: {"default": default, "type": type_text(hints[name])}
        for name, default in parameters_of(cls).items()
    }


def type_text(hint: Any) -> str:
    """A parameter's type in words.

    >>> type_text(int | None), type_text(bool), type_text(Literal["hamming", "jaccard"])
    ('int or none', 'true or false', 'hamming or jaccard')
    """
    if get_origin(hint) in (types.UnionType, Union):
        return " or ".join(type_text(option) for option in get_args(hint))
    if get_origin(hint) is Literal:
        return " or ".join(map(str, get_args(hint)))
    return {bool: "true or false", type(None): "none"}.get(hint) or str(hint.__name__)


def _show(metrics: Sequence[Mapping[str, Any]]) -> None:
    for metric in metrics:
        package = f" (from {metric['package']})" if metric["package"] else ""
        write(printable(f"{metric['name']}  {metric['about']}{package}"))
        for name, parameter in metric["parameters"].items():
            write(f"    {name}={_default_text(parameter['default'])}  ({parameter['type']})")


def _default_text(default: Any) -> str:
    """A default as it would be written on the command line."""
    return str(default).lower() if default is None or isinstance(default, bool) else str(default)
