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
        return [{number: str(number) for number in run.names} for run in runs]
    return [run.names for run in runs]


def _by_name(runs: Sequence[RunFigures]) -> bool:
    names = [set(run.names.values()) for run in runs]
    return all(names[0] & found for found in names)


def unshared(runs: Sequence[RunFigures]) -> list[str]:
    """Lines on what not all runs have: metrics, layers, layers of one shape."""
    return [*_metrics(runs), *_numbered(runs), *_layers(runs), *_shapes(runs)]


def _metrics(runs: Sequence[RunFigures]) -> Iterator[str]:
    reasons: dict[tuple[str, str], list[str]] = defaultdict(list)
    told = {row.metric for run in runs for row in run.summary}
    for run in runs:
        valueless = run.best.keys() - {row.metric for row in run.summary} - run.figureless
        nothing = dict.fromkeys(sorted(valueless), "no sample has a value")
        # A curve has no figure in any run.
        nothing |= dict.fromkeys(sorted(run.figureless & told), "its values come to no figure")
        for metric, reason in {**run.skipped, **nothing}.items():
            reasons[metric, reason].append(run.name)
    for (metric, reason), lacking in reasons.items():
        where = "" if len(lacking) == len(runs) else f" of {', '.join(lacking)}"
        yield f"no {metric}{where}: {reason}"


def _numbered(runs: Sequence[RunFigures]) -> Iterator[str]:
    if not _by_name(runs) and len({tuple(run.names.values()) for run in runs}) > 1:
        yield "layers are compared by number: they have no name in common"


def _layers(runs: Sequence[RunFigures]) -> Iterator[str]:
    holders: dict[str, list[str]] = defaultdict(list)
    for run, names in zip(runs, layer_names(runs), strict=True):
        for layer in dict.fromkeys(names.values()):
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
