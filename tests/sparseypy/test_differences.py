"""Each difference from the original that docs/sparseypy.md names, and that no other test is about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from sparsey_trace.sparseypy import (
    BasisSetSizeIncreaseMetric,
    BasisSetSizeMetric,
    FeatureCoverageMetric,
    MatchAccuracyMetric,
    SiscAdherenceMetric,
)
from tests.docs.scripts import script
from tests.sparseypy.standins.build import sample_shape
from tests.sparseypy.standins.replay import final, spring
from tests.sparseypy.watched import RUN, blank, shown

ROOT = Path(__file__).parents[2]
SILENT = [active[:4].sum(axis=0) == 0 for active in RUN.active]
"""Per layer [M], which MACs are silent for the first four samples."""


def test_each_is_tested() -> None:
    for row in script("sparseypy_differences").DIFFERENCES:
        file, _, name = row.test.partition("::")
        assert f"def {name}(" in (ROOT / "tests" / file).read_text(), row.test


def test_silent_macs_have_no_codes() -> None:
    assert any(silent.any() for silent in SILENT)
    for kind in (spring, final):
        model = kind(RUN)
        metric = BasisSetSizeMetric(model)
        shown(model, metric, steps=4)
        for sizes, silent in zip(metric.by_mac, SILENT, strict=True):
            assert np.array_equal(np.array(sizes) == 0, silent)


def test_each_sample_of_a_batch_has_its_code() -> None:
    """Two at once are what they are one after the other."""
    batch = torch.from_numpy(RUN.inputs[:2]).float()
    for kind in (spring, final):
        model = kind(RUN)
        at_once = BasisSetSizeMetric(model)
        batch = batch.reshape(2, *sample_shape(model))
        model(batch)
        at_once.compute(model, batch, None)
        model = kind(RUN)
        one_by_one = BasisSetSizeMetric(model)
        for sample in batch.split(1):
            model(sample)
            one_by_one.compute(model, sample, None)
        assert at_once.by_mac == one_by_one.by_mac
        assert max(map(max, at_once.by_mac)) == 2


def test_sizes_stand_still_in_evaluation() -> None:
    for kind in (spring, final):
        model = kind(RUN)
        metric = BasisSetSizeMetric(model)
        shown(model, metric, steps=4)
        before = metric.by_mac
        model(blank(model))
        metric.compute(model, blank(model), None, training=False)
        assert metric.by_mac == before


def test_what_came_before_the_metric_isn_t_counted() -> None:
    for kind in (spring, final):
        model = kind(RUN)
        for _ in range(3):
            model(blank(model))
        metric = BasisSetSizeMetric(model)
        model(blank(model))
        metric.compute(model, blank(model), None)
        assert metric.by_mac == [active[3].astype(int).tolist() for active in RUN.active]


def test_coverage_of_silence_and_of_nothing() -> None:
    for kind in (spring, final):
        model = kind(RUN)
        metric = FeatureCoverageMetric(model)
        batch = blank(model, 4) + 1
        model(batch)
        metric.compute(model, batch, None)
        for shares, silent in zip(metric.sample_values.values, SILENT, strict=True):
            assert not shares[:, silent].any()
        model(blank(model))
        value = metric.compute(model, blank(model), None)
        for layer in value.unbind():
            assert torch.equal(layer, torch.ones_like(layer))


def test_inputs_are_drawn_by_a_seed() -> None:
    values = []
    for seed in (1, 1, 2):
        model = final(RUN)
        metric = MatchAccuracyMetric(model, approximation_batch_size=3, seed=seed)
        shown(model, metric, steps=24)
        values.append(metric._past.result()[0].step.tolist())
    assert values[0] == values[1] != values[2]


def test_metrics_of_the_other_generation() -> None:
    model = spring(RUN)
    similar = SiscAdherenceMetric(model)
    value = shown(model, similar, steps=3)
    assert value == similar.by_mac
    assert {type(number) for layer in value for number in layer} == {float}
    model = final(RUN)
    increase = BasisSetSizeIncreaseMetric(model)
    model(blank(model, 4))
    value = increase.compute(model, blank(model, 4), None)
    for layer, macs in zip(value.unbind(), increase.by_mac, strict=True):
        assert torch.equal(layer, torch.tensor([macs] * 4, dtype=torch.float32))
