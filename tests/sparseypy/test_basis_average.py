"""What each MAC has come to stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from sparsey_trace.sparseypy import (
    BasisAverageMetric,
    LayerIOHook,
)
from tests.sparseypy.standins.build import sample_shape
from tests.sparseypy.standins.replay import final, spring, steps_of
from tests.sparseypy.watched import KINDS, RUN, blank, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from sparsey_trace.chunk import Chunk
    from tests.sparseypy.standins.build import StandIn


@KINDS
def test_sums_and_counts(kind: Callable[[Chunk], StandIn]) -> None:
    """Of training inputs inside the fields, of which the average is made."""
    model = kind(RUN)
    metric = BasisAverageMetric(model)
    assert metric.summed_inputs == metric.num_inputs_seen == []
    assert metric.expected_input_shape is None
    shown(model, metric, steps=9)
    assert metric.expected_input_shape == sample_shape(model)
    trained = RUN[:9].is_train
    for layer, active in enumerate(RUN.active):
        counts = active[:9][trained].sum(axis=0)
        assert np.array_equal(metric.num_inputs_seen[layer], counts)
        fields = torch.stack(metric.projected_rfs[layer]).flatten(1)
        inputs = torch.from_numpy(RUN.inputs[:9][trained]).float()
        sums = torch.from_numpy(active[:9][trained].T).float() @ inputs * fields
        found = metric.summed_inputs[layer]
        assert torch.equal(torch.stack(found) if kind is spring else found, sums)
        averages = metric._averages().split([12, 6, 2])[layer]
        assert torch.equal(averages, sums / torch.from_numpy(counts).clamp(min=1)[:, None])


def test_how_sums_and_counts_are_kept() -> None:
    """In spring lists of numbers and tensors, in final tensors."""
    for kind in (spring, final):
        model = kind(RUN)
        metric = BasisAverageMetric(model)
        shown(model, metric, steps=1)
        sums, counts = metric.summed_inputs[0], metric.num_inputs_seen[0]
        if kind is spring:
            assert {(one.shape, one.dtype) for one in sums} == {((64,), torch.float32)}
            assert set(map(type, counts)) == {int}
        else:
            assert (sums.shape, sums.dtype) == ((12, 64), torch.float32)
            assert (counts.shape, counts.dtype) == ((12,), torch.int64)


@KINDS
def test_projected_receptive_fields(kind: Callable[[Chunk], StandIn]) -> None:
    model = kind(RUN)
    metric, hook = BasisAverageMetric(model), LayerIOHook(model)
    assert metric.projected_rfs is None
    model(blank(model))
    layers, _, _ = hook.get_layer_io()
    fields = metric.get_projected_receptive_fields(layers, 64)
    for index, layer in enumerate(RUN.layout.layers):
        for mac, row in enumerate(layer.connections):
            heard = row[row >= 0].tolist()
            expected = (
                torch.isin(torch.arange(64), torch.tensor(heard))
                if index == 0
                else torch.stack([fields[index - 1][source] for source in heard]).any(dim=0)
            )
            assert torch.equal(fields[index][mac], expected)
    shaped = metric.get_projected_receptive_fields(layers, (8, 8))
    assert torch.equal(shaped[2][1].flatten(), fields[2][1])


@KINDS
def test_initialize_shapes_begins_anew(kind: Callable[[Chunk], StandIn]) -> None:
    model = kind(RUN)
    metric, hook = BasisAverageMetric(model), LayerIOHook(model)
    shown(model, metric, steps=4)
    layers, _, _ = hook.get_layer_io()
    batch = list(steps_of(RUN, model))[4][0]
    metric.initialize_shapes(layers, batch)
    assert metric.expected_input_shape == sample_shape(model)
    assert all(torch.count_nonzero(torch.as_tensor(count)) == 0 for count in metric.num_inputs_seen)
    assert [len(layer) for layer in metric.summed_inputs] == [12, 6, 2]
    model(batch)
    metric.compute(model, batch, None)
    active = RUN.active[0][4].tolist()
    fields = metric.projected_rfs
    assert any(active)
    for picture, field, is_active in zip(metric.summed_inputs[0], fields[0], active, strict=True):
        assert torch.equal(picture, (batch[0] * field * is_active).flatten())
