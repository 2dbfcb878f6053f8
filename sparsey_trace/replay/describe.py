"""What is in a trace, as plain values that JSON can say, and in words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sparsey_trace.layout import MARKS, PHASES, TRAIN
from sparsey_trace.metrics.base import SampleMetric
from sparsey_trace.metrics.registry import BUILT_IN
from sparsey_trace.replay.choose import choose, computable
from sparsey_trace.support.printable import count
from sparsey_trace.tables.gaps import Gaps
from sparsey_trace.trace.format.losses import losses_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sparsey_trace.layout import LayerLayout
    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.trace.reading.trace import Trace


def facts(trace: Trace) -> dict[str, Any]:
    """What is in a trace, and which metrics can be computed from it."""
    layout = trace.layout
    return {
        "trace": str(trace.path),
        "files": [str(path) for path in trace.paths],
        "part": trace.part.attributes(),
        "place": part_in_words(trace),
        "id": trace.id,
        "created": trace.created,
        "changes": trace.changes.splitlines(),
        "host": trace.host,
        "closed": trace.closed,
        "bytes": sum(file.storage.status().st_size for file in trace.files),
        "samples": len(trace),
        "waiting": trace.waiting,
        "steps": trace.num_steps,
        **_counts(trace),
        "inputs": {
            "kind": trace.input_kind,
            "features": layout.num_features,
            "shape": list(layout.input_shape),
        },
        "layers": [_layer(*of_layer) for of_layer in zip(layout.layers, trace.value_names, strict=True)],
        "sampling": trace.sampling,
        "losses": trace.losses,
        "drops": trace.drops.tolist(),
        "drop_reasons": list(trace.drop_reasons.values()),
        "lacking": [{"step": step, "rank": rank} for step, rank in trace.lacking.tolist()],
        "gaps": str(Gaps.of(trace)),
        "config": trace.config,
        "versions": trace.versions,
        "metrics": _metrics(trace),
        "notes": _notes(trace),
    }


def part_in_words(trace: Trace) -> str:
    """Which part of a run the trace is, in words; empty where it is, or may be, all of it."""
    part, said = trace.part, []
    if len(trace.paths) == 1 and part.num_ranks > 1:
        said.append(f"rank {part.rank} of {part.num_ranks}, without the others")
    if part.continues:
        said.append(f"it continues {part.continues}, without the {part.first_sample:,} samples before")
    if trace.waiting:
        said.append(
            f"without the last {trace.waiting:,} samples, of steps that another rank may still add to"
        )
    return "; ".join(said)


def _counts(trace: Trace) -> dict[str, Any]:
    counts = trace.counts
    phases = {name: counts[name] for name in PHASES}
    return {"epochs": counts["epochs"], "phases": phases, **{name: counts[name] for name in MARKS}}


def _layer(layer: LayerLayout, values: Sequence[str]) -> dict[str, Any]:
    return {
        "name": layer.name,
        "macs": layer.num_macs,
        "cms": layer.num_cms,
        "neurons": layer.num_neurons,
        "connections": list(layer.fan_in),
        "values": list(values),
    }


def _metrics(trace: Trace) -> dict[str, str | None]:
    """Metric to what stands against it, or None."""
    if not len(trace):
        return {cls.name: "the trace has no samples yet" for cls in BUILT_IN}
    chosen, _ = choose(None, resolution="step", reduction=None)
    _, lacking = computable(chosen, trace)
    return {metric.name: lacking.get(metric.name) for metric in chosen}


def _notes(trace: Trace) -> dict[str, list[str]]:
    """Metric to lines on samples that it has none of, and on what the trace's gaps make of its values by step."""
    gaps = Gaps.of(trace)
    chosen, _ = choose(None, resolution="step", reduction=None)
    found = {
        metric.name: [
            *_without_samples(metric, trace),
            *gaps.values(metric, resolution="step", reduction=None),
        ]
        for metric in chosen
    }
    return {name: lines for name, lines in found.items() if lines}


def _without_samples(metric: Metric[Any], trace: Trace) -> list[str]:
    """What a trace has no samples of, of the phases that the metric is of or compares with."""
    phases = {TRAIN} if metric.partial_training else set()
    if isinstance(metric, SampleMetric) and len(metric.values_phases) == 1:
        phases |= set(metric.values_phases)
    lacking = [PHASES[phase] for phase in sorted(phases) if len(trace) and not trace.counts[PHASES[phase]]]
    return [f"there are no {phase} samples" for phase in lacking]


def described(found: Mapping[str, Any]) -> dict[str, str]:
    """Facts in words, but for layers and metrics."""
    phases = ", ".join(f"{samples:,} {phase}" for phase, samples in found["phases"].items())
    steps = f"{count(found['steps'], 'step')} and {count(found['epochs'], 'epoch')}"
    return {
        "trace": found["trace"],
        **({"files": _files(found)} if len(found["files"]) > 1 else {}),
        **({"part": found["place"]} if found["place"] else {}),
        "state": "closed" if found["closed"] else "not closed: still being written, or its writer died",
        "id": found["id"],
        "created": f"{found['created']} on {found['host']}",
        **({"changed": "; ".join(found["changes"])} if found["changes"] else {}),
        "size": size_in_words(found["bytes"]),
        "samples": f"{found['samples']:,} ({phases}) in {steps}",
        **({"gaps": found["gaps"]} if found["gaps"] else {}),
        **({"lost": losses_in_words(found["losses"])} if found["losses"] else {}),
        **{name: f"{found[name]:,} known" for name in MARKS if found[name] or name == "labels"},
        "inputs": _inputs(found["inputs"]),
        **({"values": values} if (values := _values(found["layers"])) else {}),
        "versions": ", ".join(f"{name} {version}" for name, version in found["versions"].items()),
    }


def _values(layers: Sequence[Mapping[str, Any]]) -> str:
    """The further values that MACs have, each with the layers that have it, where not all do."""
    having: dict[str, list[str]] = {}
    for layer in layers:
        for name in layer["values"]:
            having.setdefault(name, []).append(layer["name"])
    said = {name: "" if len(of) == len(layers) else f" ({', '.join(of)})" for name, of in having.items()}
    return ", ".join(f"{name}{where}" for name, where in said.items())


def size_in_words(size: int) -> str:
    """A number of bytes as people say it.

    >>> size_in_words(512), size_in_words(23_812_345)
    ('512 bytes', '23.8 MB (23,812,345 bytes)')
    """
    if size < 1000:
        return count(size, "byte")
    unit, name = next(
        (unit, name) for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")) if size >= unit
    )
    return f"{size / unit:.1f} {name} ({size:,} bytes)"


def config_tree(config: Any, indent: int = 0) -> list[str]:
    """A configuration as a tree: a line for each value, what it holds below it.

    >>> config_tree({"lr": 1, "layers": [{"rows": 2}], "sizes": [2, 3]})
    ['lr: 1', 'layers:', '  0:', '    rows: 2', 'sizes: [2, 3]']
    """
    pairs = config.items() if isinstance(config, dict) else enumerate(config)
    lines = []
    for key, value in pairs:
        holds_more = isinstance(value, dict) or (
            isinstance(value, list) and any(isinstance(one, (dict, list)) for one in value)
        )
        lines.append(f"{'  ' * indent}{key}:" + ("" if holds_more and value else f" {json.dumps(value)}"))
        lines += config_tree(value, indent + 1) if holds_more else []
    return lines


def _files(found: Mapping[str, Any]) -> str:
    ranks, files = found["part"]["num_ranks"], found["files"]
    return f"{len(files)} of {count(ranks, 'rank')}: {', '.join(files)}"


def _inputs(inputs: Mapping[str, Any]) -> str:
    shape = " x ".join(map(str, inputs["shape"]))
    kept = "not recorded" if inputs["kind"] == "none" else f"kept as {inputs['kind']}"
    return f"{count(inputs['features'], 'feature')} ({shape}), {kept}"


LAYER_HEADS = ("layer", "MACs", "CMs (Q)", "neurons (K)", "connections")


def described_layer(layer: Mapping[str, Any]) -> list[str]:
    """One of the facts' layers in words, in the order of `LAYER_HEADS`."""
    fewest, most = layer["connections"]
    counts = [str(layer[key]) for key in ("macs", "cms", "neurons")]
    return [layer["name"], *counts, str(most) if fewest == most else f"{fewest} to {most}"]
