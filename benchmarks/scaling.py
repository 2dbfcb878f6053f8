"""How time and memory grow with samples, MACs, Q, K and features, with the exponent of each; and of wide layouts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import wide
from benchmarks.cases import Case, main
from benchmarks.measure import in_process
from benchmarks.tables import Figure, Table, exponent, number
from benchmarks.traces import write_trace
from benchmarks.work import SIX

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.traces import LayerStatistics, Statistics

METRICS = (*SIX, "sisc_adherence")
LINEAR = 1.1
"""An exponent up to here counts as linear."""

LONG = 100_000
"""Beyond so many samples, once is enough."""

REASONS = {
    (
        "match_accuracy",
        "samples",
    ): "each evaluation sample is compared with every different training input before it, "
    "of which there are more in a longer run until all have been shown",
    ("match_accuracy", "features"): "each of the pairs compared is of whole inputs",
}


def report(case: Case) -> list[Table]:
    """A table for each thing that grows."""
    lengths = case.choose(
        full=(1000, 10_000, 100_000, 1_000_000), quick=(1000, 10_000, 100_000), tiny=(200, 400)
    )
    factors = case.choose(full=(1, 2, 4), quick=(1, 4), tiny=(1, 2))
    axes: dict[str, dict[int, Path]] = {"samples": {length: case.traces.drawn(length) for length in lengths}}
    base = case.traces.statistics
    for name, (first, changed) in AXES.items():
        axes[name] = {
            first * factor: _drawn(case, f"{name}-{factor}", changed(base, factor)) for factor in factors
        }
    in_process(
        "benchmarks.work:times", path=axes["samples"][lengths[0]], metrics=METRICS, repeats=1
    )  # compiles
    return [*(_table(case, name, paths) for name, paths in axes.items()), wide.table(case)]


def _table(case: Case, name: str, paths: dict[int, Path]) -> Table:
    """Seconds of each metric in a warm process, and the peak memory of all of them."""
    repeats = case.choose(full=4, quick=2, tiny=1)
    found = {
        size: in_process(
            "benchmarks.work:times", path=path, metrics=METRICS, repeats=1 if size > LONG else repeats
        )
        for size, path in paths.items()
    }
    rows, notes = [], []
    for metric in METRICS:
        figures = [Figure(tuple(outcome.result[metric])) for outcome in found.values()]
        grown = exponent(list(found), [figure.median for figure in figures])
        last = exponent(list(found)[-2:], [figure.median for figure in figures[-2:]])
        rows.append([metric, *map(str, figures), f"{grown:.2f}", f"{last:.2f}"])
        if max(grown, last) > LINEAR:
            reason = REASONS.get((metric, name), "more than was expected; not explained yet")
            notes.append(
                f"{metric} grows faster than linearly with {name} (exponent {max(grown, last):.2f}): {reason}."
            )
    memory = [outcome.mib for outcome in found.values()]
    rows.append(["peak memory, MiB", *map(number, memory), f"{exponent(list(found), memory):.2f}", ""])
    rows[-1][-1] = f"{exponent(list(found)[-2:], memory[-2:]):.2f}"
    notes = notes or [f"Nothing grows faster than linearly with {name}."]
    headers = ["seconds of", *(f"{size:,} {name}" for size in found), "exponent", "of the last two"]
    return Table(f"How cost grows: {name}", headers, rows, notes)


def more_macs(statistics: Statistics, factor: int) -> Statistics:
    """Copies of all MACs; a copy listens to the copies below that have its number."""
    layers: list[LayerStatistics] = []
    for index, layer in enumerate(statistics.layers):
        step = statistics.layers[index - 1].layout.num_macs if index else 0
        wiring = layer.layout.connections
        layout = replace(
            layer.layout,
            num_macs=layer.layout.num_macs * factor,
            connections=np.concatenate(
                [np.where(wiring < 0, wiring, wiring + step * i) for i in range(factor)]
            ),
            positions=None,
        )
        layers.append(
            replace(
                layer,
                layout=layout,
                active=np.tile(layer.active, (1, factor)),
                codes=np.tile(layer.codes, (1, factor, 1)),
                counts=np.tile(layer.counts, factor),
            )
        )
    return _with(statistics, layers)


def more_features(statistics: Statistics, factor: int) -> Statistics:
    """Images of as many pixels more, side by side; a MAC listens to the same place in each."""
    layout, first = statistics.layout, statistics.layers[0]
    wiring = [
        np.concatenate([row[row >= 0] + layout.num_features * i for i in range(factor)])
        for row in first.layout.connections
    ]
    layers = [replace(first, layout=replace(first.layout, connections=wiring)), *statistics.layers[1:]]
    rows, columns = layout.input_shape
    inputs = np.tile(statistics.inputs, (1, factor))
    grown = replace(layout, num_features=layout.num_features * factor, input_shape=(rows * factor, columns))
    return _with(replace(statistics, layout=grown, inputs=inputs), layers)


AXES: dict[str, tuple[int, Callable[[Statistics, int], Statistics]]] = {
    "MACs": (364, more_macs),
    "Q": (4, lambda base, factor: base.respelt(num_cms=4 * factor, num_neurons=4)),
    "K": (4, lambda base, factor: base.respelt(num_cms=4, num_neurons=4 * factor)),
    "features": (784, more_features),
}


def _with(statistics: Statistics, layers: list[LayerStatistics]) -> Statistics:
    layout = replace(statistics.layout, layers=tuple(layer.layout for layer in layers))
    return replace(statistics, layout=layout, layers=tuple(layers))


def _drawn(case: Case, name: str, statistics: Statistics) -> Path:
    path = case.folder / f"{name}.h5"
    if not path.exists():
        write_trace(path, statistics, samples=case.choose(full=10_000, quick=4000, tiny=200))
    return path


if __name__ == "__main__":
    main(report)
