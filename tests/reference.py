"""The tables that the slow definitions of `tests/definitions.py` give, one way only: row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sparsey_trace.layout import MARKS, NO_LABEL, PHASES
from tests import definitions

if TYPE_CHECKING:
    from sparsey_trace.chunk import Chunk
    from tests.definitions import Mac, Number

DTYPES = {
    "sample": "int64",
    "step": "int64",
    "epoch": "int32",
    "phase": "str",
    **dict.fromkeys(MARKS.values(), "Int64"),
    "layer": "int16",
    "mac": "int32",
    "cm": "int32",
    "used": "int32",
    "perplexity": "float32",
    "top": "float32",
    "samples": "int32",
    "nearest_sample": "int64",
    "distance": "float32",
}

KEYS = {
    "sample": ["sample", "step", "epoch", "phase", *MARKS.values()],
    "step": ["step", "epoch", "phase"],
    "epoch": ["epoch", "phase"],
    "run": ["phase"],
}


def mean(values: list[Number]) -> Number:
    return sum(values) / len(values)


def last(values: list[Number]) -> Number:
    return values[-1]


OVER_SAMPLES = {"num_activations": sum, "basis_set_size_increase": sum, "basis_set_size": last}
"""How a group's samples become one value; all others are averaged."""

MEANS = ("layerwise_mean", "mean", "highest_layer_mean")


def reference_table(
    name: str, run: Chunk, *, resolution: str = "step", reduction: str | None = None, **parameters: Any
) -> pd.DataFrame:
    """The table that metric `name` has to give for this run, which is whole and starts at sample 0.

    Args:
        name: one of the metrics, or `feature_coverage_layer`, which no reduction changes.
        run: the run, with inputs, codes and active.
        resolution: `sample`, `step`, `epoch` or `run`.
        reduction: None, `layerwise_mean`, `layerwise_sum`, `mean`, `sum`, `highest_layer` or
            `highest_layer_mean`; for basis_average None or `sparse`.
        **parameters: of match_accuracy: distance, similarity, repeated.
    """
    if name == "basis_average":
        table = basis_average_table(run, resolution=resolution, sparse=reduction == "sparse")
    elif name == "code_usage":
        table = code_usage_table(run, resolution=resolution)
    else:
        table = table_of_values(name, run, resolution=resolution, reduction=reduction, **parameters)
    if "layer" in table:
        table["layer_name"] = [run.layout.layers[layer].name for layer in table["layer"]]
    table["metric"] = name
    return table


def table_of_values(
    name: str, run: Chunk, *, resolution: str, reduction: str | None, **parameters: Any
) -> pd.DataFrame:
    """The same without names."""
    values = getattr(definitions, name)(run, **parameters)
    over_samples = OVER_SAMPLES.get(name, mean)
    rows = []
    for keys, members in groups(run, resolution):
        samples = [n for n in members if n in values]
        if samples:
            of_group = {at: over_samples([values[n][at] for n in samples]) for at in values[samples[0]]}
            reduced = (
                whole_layers(of_group) if name == "feature_coverage_layer" else reduce(of_group, reduction)
            )
            rows += [keys | row | {"samples": len(samples)} for row in reduced]
    counts = name in OVER_SAMPLES and reduction not in MEANS
    table = frame(rows, columns(name, resolution, reduction), value="int64" if counts else "float32")
    if name == "match_accuracy" and resolution == "sample":
        add_matches(table, run, **parameters)
    return table


def groups(run: Chunk, resolution: str) -> list[tuple[dict[str, Any], list[int]]]:
    """Each group's key columns and its samples; sorted by the keys, train before eval."""
    found: dict[tuple[int, ...], list[int]] = {}
    for n in range(len(run)):
        keys = tuple(int(getattr(run, key)[n]) for key in KEYS[resolution])
        found.setdefault(keys, []).append(n)
    return [(readable(dict(zip(KEYS[resolution], keys, strict=True))), found[keys]) for keys in sorted(found)]


def readable(keys: dict[str, Any]) -> dict[str, Any]:
    """The phase by its name, and NA for a mark that isn't known."""
    keys["phase"] = PHASES[keys["phase"]]
    keys |= {name: pd.NA for name in MARKS.values() if keys.get(name) == NO_LABEL}
    return keys


def reduce(values: dict[Mac, Number], reduction: str | None) -> list[dict[str, Any]]:
    """The rows that a group's values leave: value, and layer and mac where they remain."""
    layers: dict[int, list[Number]] = {}
    for (layer, _), value in values.items():
        layers.setdefault(layer, []).append(value)
    highest = max(layers)
    match reduction:
        case "layerwise_mean":
            return [{"layer": layer, "value": mean(layers[layer])} for layer in layers]
        case "layerwise_sum":
            return [{"layer": layer, "value": sum(layers[layer])} for layer in layers]
        case "mean":
            return [{"value": mean([mean(layers[layer]) for layer in layers])}]
        case "sum":
            return [{"value": sum(values.values())}]
        case "highest_layer_mean":
            return [{"value": mean(layers[highest])}]
        case "highest_layer":
            values = {(layer, mac): value for (layer, mac), value in values.items() if layer == highest}
    return [{"layer": layer, "mac": mac, "value": value} for (layer, mac), value in values.items()]


def whole_layers(values: dict[Mac, Number]) -> list[dict[str, Any]]:
    return [{"layer": layer, "value": value} for (layer, _), value in values.items()]


def columns(name: str, resolution: str, reduction: str | None) -> list[str]:
    """The columns of a table of values, but for those of matches."""
    found = [*KEYS[resolution], "layer", "mac", "value"]
    if name == "feature_coverage_layer" or reduction in ("layerwise_mean", "layerwise_sum"):
        found.remove("mac")
    elif reduction in ("mean", "sum", "highest_layer_mean"):
        found.remove("layer")
        found.remove("mac")
    return found if resolution == "sample" else [*found, "samples"]


def frame(rows: list[dict[str, Any]], columns: list[str], **dtypes: str) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=columns)
    dtypes = DTYPES | dtypes
    return table.astype({column: dtypes[column] for column in columns if column in dtypes})


def add_matches(
    table: pd.DataFrame, run: Chunk, *, distance: str = "hamming", repeated: str = "latest", **_: str
) -> None:
    matches = definitions.matches(run, distance=distance, repeated=repeated)
    table["nearest_sample"] = np.array([matches[n][0] for n in table["sample"]], np.int64)
    table["distance"] = np.array([matches[n][1] for n in table["sample"]], np.float32)


def code_usage_table(run: Chunk, *, resolution: str) -> pd.DataFrame:
    rows = [
        keys | {"layer": layer, "mac": mac, "cm": cm} | definitions.code_usage(run, (layer, mac), cm, members)
        for keys, members in groups(run, "run" if resolution == "run" else "epoch")
        for layer, mac in definitions.all_macs(run.layout)
        for cm in range(run.layout.layers[layer].num_cms)
    ]
    keys = ["phase"] if resolution == "run" else ["phase", "epoch"]
    return frame(rows, [*keys, "layer", "mac", "cm", "samples", "used", "perplexity", "top"])


def basis_average_table(run: Chunk, *, resolution: str, sparse: bool) -> pd.DataFrame:
    rows = []
    for keys, end in ends(run, resolution):
        for layer, mac in definitions.all_macs(run.layout):
            average, samples = definitions.basis_average(run, layer, mac, last=end)
            features = sorted(definitions.field(run.layout, layer, mac)) if sparse else range(len(average))
            of_mac = {"phase": "train", "layer": layer, "mac": mac, "samples": samples}
            lists = {
                "average": np.array([average[d] for d in features], np.float32),
                "feature": np.array(features, np.int32),
            }
            rows.append(keys | of_mac | lists)
    keys = KEYS["epoch" if resolution == "epoch" else "run"]
    lists = ["average", "feature"] if sparse else ["average"]
    return frame(rows, [*keys, "layer", "mac", "samples", *lists])


def ends(run: Chunk, resolution: str) -> list[tuple[dict[str, int], int]]:
    """The keys of each as-of, and its last sample: each epoch's, or the run's."""
    if resolution != "epoch":
        return [({}, len(run) - 1)]
    epochs = run.epoch.tolist()
    return [
        ({"epoch": epoch}, max(n for n in range(len(run)) if epochs[n] == epoch))
        for epoch in sorted(set(epochs))
    ]
