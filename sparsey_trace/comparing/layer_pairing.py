"""Which layers of several runs belong together, and what the runs don't share."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sparsey_trace.comparing.run_figures import Side
    from sparsey_trace.layout import LayerLayout


def layer_names(sides: Sequence[Side]) -> list[dict[int, str]]:
    """For each run, what its layers are called in a comparison, by number.

    Layers pair by name where every run has a name in common with the first run; else by number.
    """
    if not _by_name(sides):
        return [
            {line.layer: str(line.layer) for line in side.lines if line.layer is not None} for side in sides
        ]
    return [{number: layer.name for number, layer in enumerate(side.layers)} for side in sides]


def _by_name(sides: Sequence[Side]) -> bool:
    names = [{layer.name for layer in side.layers} for side in sides]
    return all(names[0] & found for found in names)


def unshared(sides: Sequence[Side]) -> list[str]:
    """Lines on what not all runs have: metrics, layers, layers of one shape."""
    return [*_metrics(sides), *_numbered(sides), *_layers(sides), *_shapes(sides)]


def _metrics(sides: Sequence[Side]) -> Iterator[str]:
    reasons: dict[tuple[str, str], list[str]] = defaultdict(list)
    for side in sides:
        valueless = side.best.keys() - {line.table for line in side.lines}
        nothing = dict.fromkeys(sorted(valueless), "no sample has a value")
        for metric, reason in {**side.skipped, **nothing}.items():
            reasons[metric, reason].append(side.run)
    for (metric, reason), runs in reasons.items():
        where = "" if len(runs) == len(sides) else f" of {', '.join(runs)}"
        yield f"no {metric}{where}: {reason}"


def _numbered(sides: Sequence[Side]) -> Iterator[str]:
    names = {tuple(layer.name for layer in side.layers) for side in sides}
    if _by_name(sides) or len(names) == 1:
        return
    unnamed = [side.run for side in sides if not side.layers]
    reason = (
        f"tables in {', '.join(unnamed)} don't have their names" if unnamed else "they have no name in common"
    )
    yield f"layers are compared by number: {reason}"


def _layers(sides: Sequence[Side]) -> Iterator[str]:
    holders: dict[str, list[str]] = defaultdict(list)
    for side, names in zip(sides, layer_names(sides), strict=True):
        for layer in dict.fromkeys(names[line.layer] for line in side.lines if line.layer is not None):
            holders[layer].append(side.run)
    for layer, runs in holders.items():
        if len(runs) < len(sides):
            yield f"layer {layer} is only in {', '.join(runs)}"


def _shapes(sides: Sequence[Side]) -> Iterator[str]:
    shapes: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for side, names in zip(sides, layer_names(sides), strict=True):
        for number, layer in enumerate(side.layers):
            if number in names:
                shapes[names[number]][_shape(layer)].append(side.run)
    for name, found in shapes.items():
        if len(found) > 1:
            each = "; ".join(f"{shape} in {', '.join(runs)}" for shape, runs in found.items())
            yield f"layer {name} isn't the same: {each}"


def _shape(layer: LayerLayout) -> str:
    return f"{layer.num_macs} MACs of {layer.num_cms} CMs with {layer.num_neurons} neurons"
