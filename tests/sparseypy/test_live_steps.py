"""From forward passes of a live model to steps: what is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import nn

from sparsey_trace.errors import RecordError
from sparsey_trace.sparseypy import (
    BasisAverageMetric,
    BasisSetSizeMetric,
    FeatureCoverageMetric,
    NumActivationsMetric,
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
    metric, other = FeatureCoverageMetric(model), NumActivationsMetric(model)
    shown(model, metric, steps=1)
    model(blank(model))
    message = (
        "Model: step 1: last_batch: expected the input of the pass before, 1 samples of 64 features, "
        f"found shape {list(shape)}"
    )
    with pytest.raises(RecordError, match=re.escape(message)):
        metric.compute(model, torch.zeros(shape), None)
    other.compute(model, None, None)
    assert sum(map(len, other.by_mac)) == 20


def test_real_values_may_follow_zeros_and_ones() -> None:
    """And are averaged with them, exactly."""
    model = final(RUN)
    metric = BasisAverageMetric(model)
    batches = [blank(model) + 1, blank(model) + 0.3, blank(model)]
    for batch in batches:
        model(batch)
        metric.compute(model, batch, None)
    seen, fields = metric.num_inputs_seen[0], metric.projected_rfs[0]
    always = torch.nonzero(seen == 3).flatten().tolist()
    assert always
    for mac in always:
        inside = metric._averages()[mac][fields[mac].flatten()]
        assert torch.equal(inside, torch.full_like(inside, (1 + float(np.float32(0.3))) / 3))


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
    message = "step 0: expected at least one sample in the pass before, found none"
    with pytest.raises(RecordError, match=message):
        metric.compute(model, blank(model, 0), None)
