"""Coverage, however it is cut."""

from __future__ import annotations

import numpy as np

from sparsey_trace.chunk import Chunk
from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.metrics import (
    Context,
    FeatureCoverage,
)


def test_coverage_is_the_same_in_blocks_of_samples() -> None:
    rng = np.random.default_rng(0)
    low = LayerLayout(
        name="low", num_macs=5, num_cms=1, num_neurons=2, connections=rng.integers(0, 9, (5, 3))
    )
    top = LayerLayout(
        name="top", num_macs=2, num_cms=1, num_neurons=2, connections=rng.integers(0, 5, (2, 3))
    )
    layout = Layout(num_features=9, layers=(low, top))
    active = tuple(rng.random((2100, layer.num_macs)) < 0.7 for layer in layout.layers)
    zeros = np.zeros(2100, np.int64)
    run = Chunk(
        layout=layout,
        start=0,
        step=np.arange(2100),
        epoch=zeros.astype(np.int32),
        phase=zeros.astype(np.uint8),
        label=zeros,
        inputs=(rng.random((2100, 9)) < 0.3).astype(np.uint8),
        active=active,
    )
    whole = FeatureCoverage().values(run, layout, Context(None, recall=None))  # type: ignore[arg-type]
    # What is worked on at once is 1,024 samples.
    for part in (slice(0, 1000), slice(1000, 1030), slice(1030, 2100)):
        cut = FeatureCoverage().values(run[part], layout, Context(None, recall=None))  # type: ignore[arg-type]
        for one, other in ((whole.values, cut.values), (whole.layer_values, cut.layer_values)):
            for expected, found in zip(one, other, strict=True):  # type: ignore[arg-type]
                np.testing.assert_array_equal(expected[part], found)
