"""What each MAC has come to stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from sparsey_trace.sparseypy import (
    BasisAverageMetric,
    LayerIOHook,
)
from tests.sparseypy.standins.build import sample_shape
from tests.sparseypy.standins.replay import steps_of
from tests.sparseypy.watched import KINDS, RUN, blank, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from sparsey_trace.chunk import Chunk
    from tests.sparseypy.standins.build import StandIn


@KINDS
def test_basis_averages_have_the_input_s_shape_or_that_of_the_field(kind: Callable[[Chunk], StandIn]) -> None:
    model = kind(RUN)
    dense, sparse = BasisAverageMetric(model), BasisAverageMetric(model, "sparse")
    batch, _, _ = next(steps_of(RUN, model))
    model(batch)
    pictures, parts = (metric.compute(model, batch, None) for metric in (dense, sparse))
    assert [len(layer) for layer in pictures] == [len(layer) for layer in parts] == [12, 6, 2]
    assert dense.projected_rfs is not None
    for images, insides, fields in zip(pictures, parts, dense.projected_rfs, strict=True):
        for image, inside, field in zip(images, insides, fields, strict=True):
            assert image.dtype == inside.dtype == torch.float32
            assert image.shape == field.shape == sample_shape(model)
            assert torch.equal(image[field], inside)
            assert not image[~field].any()


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
    model(batch)
    value = metric.compute(model, batch, None)
    active = RUN.active[0][4].tolist()
    fields = metric.projected_rfs
    assert any(active)
    for picture, field, is_active in zip(value[0], fields[0], active, strict=True):
        assert torch.equal(picture, batch[0] * field * is_active)
