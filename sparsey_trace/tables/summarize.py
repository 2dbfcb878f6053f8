"""Summaries made: from exact totals of a metric's values, or from a table that a metric made itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.layout import PHASES, TRAIN
from sparsey_trace.metrics.columns import numbers_of, valid_of
from sparsey_trace.metrics.reductions import reduce
from sparsey_trace.tables.chunk_values import split_layers
from sparsey_trace.tables.groups import as_numbers, carried
from sparsey_trace.tables.summary import SummaryRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    from sparsey_trace.layout import Layout
    from sparsey_trace.metrics.base import RunMetric, SampleMetric
    from sparsey_trace.tables.groups import Groups
    from sparsey_trace.tables.run_totals import RunTotals
    from sparsey_trace.trace.reading.epoch_returns import PhaseSamples

_TIED = 2.0**-38
"""Epochs whose figures are no further apart are as good: single values are rounded to 2^-40."""


def summary_of_totals(
    metric: SampleMetric[Any],
    name: str,
    totals: RunTotals,
    layout: Layout,
    *,
    unit: str,
    chance: NDArray[np.float64] | RunTotals | None = None,
) -> list[SummaryRow]:
    """The rows of one metric, or of what else it tells.

    Args:
        metric: says what its values mean.
        name: what they are called.
        totals: of all samples.
        layout: of the trace.
        unit: of the values.
        chance: what the samples of now would come to by chance: [L] of eval samples, nan where that can't be told; or
            totals of the same of each sample.
    """
    rows = []
    for phase in metric.summary_phases:
        groups = totals.of_phase(phase)
        if not len(groups):
            continue
        now, samples = _now(metric, totals, phase, layout)
        best, epoch = _best(metric, groups, layout)
        areas = _areas(totals, phase, layout) if totals.sums is not None else [None] * len(now)
        by_chance = _by_chance(metric, chance, phase, layout)
        for index, layer in enumerate(layout.layers):
            if np.isnan(now[index]) and np.isnan(best[index]):
                continue
            rows.append(
                SummaryRow(
                    metric=name,
                    phase=PHASES[phase],
                    layer=index,
                    layer_name=layer.name,
                    now=_plain(now[index]),
                    best=_plain(best[index]),
                    best_epoch=None if np.isnan(best[index]) else int(epoch[index]),
                    chance=None if by_chance is None else _plain(by_chance[index]),
                    samples=samples,
                    unit=unit,
                    area=areas[index],
                )
            )
    return rows


def _now(
    metric: SampleMetric[Any], totals: RunTotals, phase: int, layout: Layout
) -> tuple[NDArray[np.float64], int]:
    """[L] the figures of now, and how many samples they stand for."""
    groups = totals.of_phase(phase)
    last = totals.last[totals.last.phase == phase]
    if metric.over_samples == "last":
        return _by_layer(last.values().astype(np.float64), layout)[0], int(groups.samples.sum())
    lately = totals.lately() if phase == TRAIN else None
    if lately is not None:
        return lately * metric.per_samples, len(totals.tail)
    return _by_layer(_per_sample(metric, last), layout)[0], int(last.samples.sum())


def _by_chance(
    metric: SampleMetric[Any], chance: NDArray[np.float64] | RunTotals | None, phase: int, layout: Layout
) -> NDArray[np.float64] | None:
    """[L] what the figures of now would be by chance; None where nothing is known of that."""
    if chance is None or isinstance(chance, np.ndarray):
        return None if phase == TRAIN else chance
    return _now(metric, chance, phase, layout)[0]


def _best(
    metric: SampleMetric[Any], groups: Groups, layout: Layout
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """[L] the best epoch's figures, nan where nothing is best, and [L] which epochs these are: the first of equals."""
    if not metric.has_best or metric.over_samples == "last":
        nothing = np.zeros(len(layout.layers))
        return nothing + np.nan, nothing.astype(np.int64)
    sign = -1.0 if metric.best == "lowest" else 1.0
    ranks = sign * _by_layer(_per_sample(metric, groups), layout)
    ranked = np.where(np.isnan(ranks), -np.inf, ranks)
    row = np.argmax(ranked >= ranked.max(axis=0) - _TIED * np.maximum(1, np.abs(ranked.max(axis=0))), axis=0)
    return sign * ranks[row, np.arange(len(row))], groups.epoch[row].astype(np.int64)


def _per_sample(metric: SampleMetric[Any], groups: Groups) -> NDArray[np.float64]:
    """[g, X] float64, what each column came to for a sample, or for so many as its sums are told for."""
    if metric.over_samples == "mean":
        return groups.values()
    return np.asarray(groups.values() / groups.samples[:, None] * metric.per_samples)


def _areas(totals: RunTotals, phase: int, layout: Layout) -> list[float | None]:
    """Of each layer, what last values were on average over the samples of a phase."""
    assert totals.sums is not None
    sums = totals.sums[totals.sums.phase == phase]
    all_samples = as_numbers(carried(sums.totals.sum(axis=1))) / sums.samples.sum()
    return [float(found) for found in _by_layer(all_samples[None].astype(np.float64), layout)[0]]


def _by_layer(values: NDArray[np.float64], layout: Layout) -> NDArray[np.float64]:
    """[g, L] the means over MACs of [g, X]; a value for each layer stays as it is."""
    if values.shape[1] == len(layout.layers):
        return values
    return np.asarray(reduce("layerwise_mean", split_layers(layout, values)).values, np.float64)


def _plain(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)


def summary_of_table(
    metric: RunMetric[Any], table: pa.Table, layout: Layout, *, phases: Mapping[str, PhaseSamples]
) -> list[SummaryRow]:
    """The rows of a table that a metric made itself: of what it tells, or of how many MACs were ever active.

    One with other columns, such as a curve, comes to no figure of a layer, and has no row.

    Args:
        metric: whose table it is.
        table: the whole of it, or its columns without lists.
        layout: the model.
        phases: how many samples each phase has.
    """
    columns = set(table.column_names)
    if {"layer", metric.told, "phase"} <= columns:
        return list(_of_values(metric, metric.summarized(table), layout, phases))
    if {"layer", "mac", "samples"} <= columns:
        return list(_of_active(metric, table, layout, phases))
    return []


def _of_values(
    metric: RunMetric[Any], table: pa.Table, layout: Layout, phases: Mapping[str, PhaseSamples]
) -> Iterator[SummaryRow]:
    means = _means(table, metric.told)
    by_chance = _means(table, metric.told_chance) if metric.told_chance else {}
    samples = _samples(metric, table, phases)
    has_best = metric.has_best and "epoch" in table.column_names
    layers = sorted({layer for _, layer in means})
    for phase, layer in ((phase, layer) for phase in PHASES for layer in layers if (phase, layer) in means):
        by_epoch = means[phase, layer]
        # Not the highest one, where training went back.
        last = phases[phase].epoch if phase in phases else None
        last = last if last in by_epoch else max(by_epoch)
        best = (min if metric.best == "lowest" else max)(by_epoch.values())
        yield SummaryRow(
            metric=metric.name,
            phase=phase,
            layer=layer,
            layer_name=_name(layout, layer),
            now=by_epoch[last],
            best=best if has_best else None,
            best_epoch=min(epoch for epoch in by_epoch if by_epoch[epoch] == best) if has_best else None,
            chance=by_chance.get((phase, layer), {}).get(last),
            samples=samples.get(phase),
            unit=metric.unit,
        )


def _samples(metric: RunMetric[Any], table: pa.Table, phases: Mapping[str, PhaseSamples]) -> dict[str, int]:
    """By phase, how many samples a metric's figures stand for, as far as that is known."""
    if metric.told_samples == "all":
        is_by_epoch = "epoch" in table.column_names
        return {phase: found.in_epoch if is_by_epoch else found.in_run for phase, found in phases.items()}
    if not metric.told_samples:
        return {}
    pairs = zip(table["phase"].to_pylist(), table[metric.told_samples].to_pylist(), strict=True)
    return {phase: samples for phase, samples in pairs if samples is not None}


def _means(table: pa.Table, told: str) -> dict[tuple[str, int], dict[int, float]]:
    """By phase and layer, the mean of a column in each epoch that has a value, or in epoch 0 of the run as a whole."""
    measured = table[told].combine_chunks()
    values = numbers_of(measured).astype(np.float64)
    known = ~np.isnan(values) & valid_of(measured)
    phases = table["phase"].combine_chunks()
    phases = phases if hasattr(phases, "dictionary") else phases.dictionary_encode()
    layers = numbers_of(table["layer"].combine_chunks())
    epochs = numbers_of(table["epoch"].combine_chunks()) if "epoch" in table.column_names else 0 * layers
    keys = np.stack([numbers_of(phases.indices), layers, epochs]).astype(np.int64)[:, known]
    groups, group = np.unique(keys, axis=1, return_inverse=True)
    sums = np.bincount(group.ravel(), values[known], minlength=groups.shape[1])
    counts = np.bincount(group.ravel(), minlength=groups.shape[1])
    words = phases.dictionary.to_pylist()
    found: dict[tuple[str, int], dict[int, float]] = {}
    for (phase, layer, epoch), mean in zip(groups.T.tolist(), (sums / counts).tolist(), strict=True):
        found.setdefault((words[phase], layer), {})[epoch] = mean
    return found


def _of_active(
    metric: RunMetric[Any], table: pa.Table, layout: Layout, phases: Mapping[str, PhaseSamples]
) -> Iterator[SummaryRow]:
    train = phases.get(PHASES[TRAIN])
    samples = None if metric.told_samples != "all" else 0 if train is None else train.in_run
    layer, mac, times = (numbers_of(table[name].combine_chunks()) for name in ("layer", "mac", "samples"))
    # The last row of each MAC is the first one from the end.
    _, behind = np.unique(np.stack([layer, mac])[:, ::-1], axis=1, return_index=True)
    last = len(layer) - 1 - behind
    for number in np.unique(layer):
        yield SummaryRow(
            metric=metric.name,
            phase=PHASES[TRAIN],
            layer=int(number),
            layer_name=_name(layout, int(number)),
            now=float((times[last][layer[last] == number] > 0).sum()),
            samples=samples,
            unit=metric.unit or "MACs ever active",
        )


def _name(layout: Layout, layer: int) -> str | None:
    return layout.layers[layer].name if 0 <= layer < len(layout.layers) else None
