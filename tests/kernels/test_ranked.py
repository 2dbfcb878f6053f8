"""Winners of very many neurons, ranked: which are equal stays as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sparsey_trace.kernels.ranked import ranked
from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.metrics.sisc_adherence import SiscAdherence
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.trace.writing.writer import TraceWriter

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_equal_stays_equal() -> None:
    rng = np.random.default_rng(0)
    pool = rng.integers(2**31, size=6, dtype=np.uint32)
    codes, old = (rng.choice(pool, size=(count, 3, 4)) for count in (20, 30))
    of_samples, of_references = ranked(codes, old)
    assert of_samples.dtype == of_references.dtype == np.uint16
    np.testing.assert_array_equal(of_samples[:, None] == of_references, codes[:, None] == old)
    assert of_samples.max() < 6
    assert ranked(codes[:0], old)[1].tolist() == np.full(old.shape, 65_534).tolist()
    small = codes.astype(np.uint16)
    assert ranked(small, small)[0] is small


def test_metrics_of_very_many_neurons_are_those_of_the_same_codes_renumbered(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    pool = np.sort(rng.choice(2**31, size=40, replace=False))
    small, inputs, active = rng.integers(40, size=(6, 8, 2, 3)), rng.random((6, 8, 9)) < 0.5, np.ones((8, 2))
    # Distances aside, which count cells, K makes no difference.
    metrics = [SiscAdherence(similarity="jaccard"), "basis_set_size", "code_usage"]
    tables = []
    for name, codes, neurons in (("small", small, 300), ("huge", pool[small], 2**31)):
        layer = LayerLayout(name="v1", num_macs=2, num_cms=3, num_neurons=neurons, connections=[range(9)] * 2)
        with TraceWriter(tmp_path / f"{name}.h5", Layout(num_features=9, layers=[layer])) as writer:
            for step in range(6):
                writer.append(inputs=inputs[step], codes=[codes[step]], active=[active], phase="train")
        tables.append(analyze(tmp_path / f"{name}.h5", metrics=metrics))
    for name in tables[0]:
        pd.testing.assert_frame_equal(*(of[name].to_pandas() for of in tables))
