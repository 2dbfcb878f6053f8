"""Which layers of several runs belong together, and what the runs don't share."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sparsey_trace.comparing.run_figures import RunFigures
    from sparsey_trace.layout import LayerLayout


def layer_names(runs: Sequence[RunFigures]) -> list[dict[int, str]]:
    """For each run, what its layers are called in a comparison, by number.

    Layers pair by name where every run has a name in common with the first run; else by number.
    """
    if not _by_name(runs):
        return [{row.layer: str(row.layer) for row in run.summary if row.layer is not None} for run in runs]
    return [{number: layer.name for number, layer in enumerate(run.layers)} for run in runs]


def _by_name(runs: Sequence[RunFigures]) -> bool:
    names = [{layer.name for layer in run.layers} for run in runs]
    return all(names[0] & found for found in names)


def unshared(runs: Sequence[RunFigures]) -> list[str]:
    """Lines on what not all runs have: metrics, layers, layers of one shape."""
    return [*_metrics(runs), *_numbered(runs), *_layers(runs), *_shapes(runs)]


def _metrics(runs: Sequence[RunFigures]) -> Iterator[str]:
    reasons: dict[tuple[str, str], list[str]] = defaultdict(list)
    for run in runs:
        valueless = run.best.keys() - {row.table for row in run.summary}
        nothing = dict.fromkeys(sorted(valueless), "no sample has a value")
        for metric, reason in {**run.skipped, **nothing}.items():
            reasons[metric, reason].append(run.name)
    for (metric, reason), lacking in reasons.items():
        where = "" if len(lacking) == len(runs) else f" of {', '.join(lacking)}"
        yield f"no {metric}{where}: {reason}"


def _numbered(runs: Sequence[RunFigures]) -> Iterator[str]:
    names = {tuple(layer.name for layer in run.layers) for run in runs}
    if _by_name(runs) or len(names) == 1:
        return
    unnamed = [run.name for run in runs if not run.layers]
    reason = (
        f"tables in {', '.join(unnamed)} don't have their names" if unnamed else "they have no name in common"
    )
    yield f"layers are compared by number: {reason}"


def _layers(runs: Sequence[RunFigures]) -> Iterator[str]:
    holders: dict[str, list[str]] = defaultdict(list)
    for run, names in zip(runs, layer_names(runs), strict=True):
        for layer in dict.fromkeys(names[row.layer] for row in run.summary if row.layer is not None):
            holders[layer].append(run.name)
    for layer, having in holders.items():
        if len(having) < len(runs):
            yield f"layer {layer} is only in {', '.join(having)}"


def _shapes(runs: Sequence[RunFigures]) -> Iterator[str]:
    shapes: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for run, names in zip(runs, layer_names(runs), strict=True):
        for number, layer in enumerate(run.layers):
            if number in names:
                shapes[names[number]][_shape(layer)].append(run.name)
    for name, found in shapes.items():
        if len(found) > 1:
            each = "; ".join(f"{shape} in {', '.join(having)}" for shape, having in found.items())
            yield f"layer {name} isn't the same: {each}"


def _shape(layer: LayerLayout) -> str:
    return f"{layer.num_macs} MACs of {layer.num_cms} CMs with {layer.num_neurons} neurons"
