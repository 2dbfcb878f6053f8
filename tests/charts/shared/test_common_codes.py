from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.charts.shared import common_codes as module
from sparsey_trace.charts.shared.common_codes import common_codes, mean_inputs
from sparsey_trace.charts.shared.pictures import as_picture

if TYPE_CHECKING:
    import pytest

    from sparsey_trace.charts.shared.run import Run


def test_each_has_the_mean_of_the_inputs_that_showed_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CODES", 3)
    chunk = run.trace.chunk(0, len(run.trace))
    found = common_codes(run, [np.array([1, 3]), np.array([0, 2])])
    assert [np.unique(layer.mac).tolist() for layer in found] == [[1, 3], [2]]  # MAC 0 was never active
    for number, (layer, means) in enumerate(zip(found, mean_inputs(run, found, shrink=1), strict=True)):
        for mac in np.unique(layer.mac).tolist():
            mine = chunk.is_train & chunk.active[number][:, mac]
            counts = Counter(map(tuple, chunk.codes[number][mine, mac].tolist()))
            rows = np.flatnonzero(layer.mac == mac)
            assert layer.count[rows].tolist() == [count for _, count in counts.most_common(3)]
            for row in rows.tolist():
                showed = mine & (chunk.codes[number][:, mac] == layer.code[row]).all(axis=1)
                assert (layer.count[row], means.samples[row]) == (showed.sum(), showed.sum())
                expected = as_picture(chunk.inputs[showed].mean(axis=0), run.layout)
                np.testing.assert_allclose(means.pictures[row], expected, rtol=1e-6)


def test_of_a_long_run_the_last_samples_count(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SAMPLES", 8)
    found = common_codes(run, [np.array([1]), np.array([], np.int64)])
    assert (len(found[0]), len(found[1])) == (10, 0)
    means = mean_inputs(run, found, shrink=2)
    assert 0 < means[0].samples.sum() <= 8
    assert means[0].pictures.shape == (10, 2, 2)
    assert not means[0].pictures[means[0].samples == 0].any()
