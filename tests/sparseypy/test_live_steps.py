"""From forward passes of a live model to steps: what is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from sparsey_trace.errors import RecordError
from sparsey_trace.sparseypy import (
    BasisAverageMetric,
    BasisSetSizeMetric,
)
from tests.sparseypy.standins.replay import final, spring
from tests.sparseypy.watched import KINDS, RUN, blank, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from sparsey_trace.chunk import Chunk
    from tests.sparseypy.standins.build import StandIn


@KINDS
@pytest.mark.parametrize("shape", [(2, 64), (1, 9)])
def test_another_batch_than_the_model_s_is_refused(
    kind: Callable[[Chunk], StandIn], shape: tuple[int, ...]
) -> None:
    model = kind(RUN)
    metric = BasisSetSizeMetric(model)
    shown(model, metric, steps=1)
    model(blank(model))
    message = (
        "Model: step 1: last_batch: expected the input of the pass before, 1 samples of 64 features, "
        f"found shape {list(shape)}"
    )
    with pytest.raises(RecordError, match=re.escape(message)):
        metric.compute(model, torch.zeros(shape), None)


def test_real_values_after_zeros_and_ones_are_refused() -> None:
    model = final(RUN)
    metric = BasisAverageMetric(model)
    shown(model, metric, steps=1)
    batch = blank(model) + 0.5
    model(batch)
    message = (
        "Model: step 1: last_batch: expected zeros and ones, as in the first step, found other values; begin"
    )
    with pytest.raises(RecordError, match=message):
        metric.compute(model, batch, None)


def test_a_layer_that_did_not_run_is_missed() -> None:
    model = final(RUN)
    metric = BasisSetSizeMetric(model)
    model.children = lambda: iter(list(nn.Module.children(model))[:2])
    model(blank(model))
    with pytest.raises(RecordError, match="expected all 3 layers in the pass before, found 2"):
        metric.compute(model, blank(model), None)


def test_a_mac_that_did_not_run_is_missed() -> None:
    model = spring(RUN)
    metric = BasisSetSizeMetric(model)
    mac = model.Layer_1.mac_list[2]
    mac.forward, handed_on = None, model.Layer_1.mac_list[3]
    model.Layer_1.forward = lambda x: torch.stack(
        [
            (handed_on if part is mac else part)(x.flatten(1, 2)[:, part.input_filter])
            for part in model.Layer_1.mac_list
        ],
        dim=1,
    ).unflatten(1, (2, 3))
    model(blank(model))
    with pytest.raises(RecordError, match="step 0: Layer_1: expected all 6 MACs in the pass before, found 5"):
        metric.compute(model, blank(model), None)


@KINDS
def test_a_batch_without_samples_is_no_step(kind: Callable[[Chunk], StandIn]) -> None:
    model = kind(RUN)
    metric = BasisSetSizeMetric(model)
    model(blank(model, 0))
    with pytest.raises(RecordError, match="step 0: last_batch: expected at least one sample, found none"):
        metric.compute(model, blank(model, 0), None)
