"""What `metrics` tells, as plain values that JSON can say."""

from __future__ import annotations

import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from sparsey_trace.metrics.registry import available, metric_classes, package_of_metric, parameters_of


def catalogue() -> list[dict[str, Any]]:
    """Every metric with a line on it, its reductions, and its parameters with defaults and types."""
    return [
        {
            "name": name,
            "about": about,
            "package": package_of_metric(metric_classes()[name]),
            "reductions": list(metric_classes()[name].reductions),
            "parameters": _parameters(metric_classes()[name]),
        }
        for name, about in available().items()
    ]


def _parameters(cls: type[Any]) -> dict[str, Any]:
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
