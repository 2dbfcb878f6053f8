"""What samples that others are compared with cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.metrics import drawn_samples
from sparsey_trace.metrics.base import Recalled
from sparsey_trace.support.bitsets import words_of

if TYPE_CHECKING:
    import pytest


def test_inputs_are_looked_up_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = (np.random.default_rng(0).random((23, 70)) < 0.5).astype(np.uint8)
    asked: list[int] = []

    def recall(samples: Any, fields: frozenset[str]) -> Recalled:
        assert fields == {"inputs"}
        asked.append(len(samples))
        return Recalled(inputs=inputs[samples], codes=(), active=())

    monkeypatch.setattr(drawn_samples, "_VALUES", 5 * 70)
    samples = np.arange(1, 23)
    found = drawn_samples._recalled_bits(samples, recall)
    np.testing.assert_array_equal(found, words_of(np.packbits(inputs[samples], axis=1)))
    assert asked == [1, 5, 5, 5, 5, 1]
