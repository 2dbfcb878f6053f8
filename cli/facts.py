"""What `info` and `metrics` tell, as plain values that JSON can say."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

import numpy as np

from sparsey_trace.layout import NO_LABEL, PADDING, PHASES
from sparsey_trace.metrics.registry import available, metric_classes, parameters_of
from sparsey_trace.replay.choosing import choose, computable

if TYPE_CHECKING:
    from sparsey_trace.layout import LayerLayout
    from sparsey_trace.trace.reader import Trace

_SAMPLES_AT_ONCE = 1 << 16


def facts(trace: Trace) -> dict[str, Any]:
    """What is in a trace, and which metrics can be computed from it."""
    layout = trace.layout
    return {
        "trace": str(trace.path),
        "id": trace.id,
        "created": trace.created,
        "host": trace.host,
        "closed": trace.closed,
        "bytes": trace.path.stat().st_size,
        "samples": len(trace),
        "steps": trace.num_steps,
        **_counts(trace),
        "inputs": {
            "kind": trace.input_kind,
            "features": layout.num_features,
            "shape": list(layout.input_shape),
        },
        "layers": [_layer(layer) for layer in layout.layers],
        "config": trace.config,
        "versions": trace.versions,
        "metrics": _metrics(trace),
    }


def _counts(trace: Trace) -> dict[str, Any]:
    epochs: set[int] = set()
    phases = dict.fromkeys(PHASES, 0)
    labels = 0
    for chunk in trace.chunks(_SAMPLES_AT_ONCE, fields=frozenset()):
        epochs.update(np.unique(chunk.epoch).tolist())
        for number, phase in enumerate(PHASES):
            phases[phase] += int(np.count_nonzero(chunk.phase == number))
        labels += int(np.count_nonzero(chunk.label != NO_LABEL))
    return {"epochs": len(epochs), "phases": phases, "labels": labels}


def _layer(layer: LayerLayout) -> dict[str, Any]:
    connections = np.count_nonzero(layer.connections != PADDING, axis=1)
    return {
        "name": layer.name,
        "macs": layer.num_macs,
        "cms": layer.num_cms,
        "neurons": layer.num_neurons,
        "connections": [int(connections.min()), int(connections.max())],
    }


def _metrics(trace: Trace) -> dict[str, str | None]:
    """Metric to what stands against it, or None."""
    if not len(trace):
        return dict.fromkeys(metric_classes(), "the trace has no samples yet")
    chosen, _ = choose(None, resolution="step", reduction=None)
    _, lacking = computable(chosen, trace)
    return {metric.name: lacking.get(metric.name) for metric in chosen}


def catalogue() -> list[dict[str, Any]]:
    """Every metric with a line on it, its reductions, and its parameters with defaults and types."""
    return [
        {
            "name": name,
            "about": about,
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
    if isinstance(hint, types.UnionType):
        return " or ".join(type_text(option) for option in get_args(hint))
    if get_origin(hint) is Literal:
        return " or ".join(map(str, get_args(hint)))
    return {bool: "true or false", type(None): "none"}.get(hint) or str(hint.__name__)
