"""Bits in words."""

from __future__ import annotations

import numpy as np
import pytest

from sparsey_trace.support.bitsets import sets_of_samples, words_of


def test_words_hold_bytes_of_any_number() -> None:
    assert words_of(np.array([[1, 0, 0, 0, 0, 0, 0, 0, 2]], np.uint8)).tolist() == [[1, 2]]
    wide = np.arange(32, dtype=np.uint8).reshape(2, 16)
    assert np.shares_memory(words_of(wide), wide)
    for other in (wide[:, 1:9], np.frombuffer(wide.tobytes(), np.uint8).reshape(2, 16)[:, :8]):
        words = words_of(other)
        assert words.flags.carray
        assert words.view(np.uint8).tolist() == other.tolist()


@pytest.mark.parametrize(("samples", "things"), [(0, 5), (1, 1), (7, 9), (64, 8), (130, 70)])
def test_sets_are_rows_turned_into_columns(samples: int, things: int) -> None:
    holds = np.random.default_rng(5).random((samples, things)) < 0.4
    expected = words_of(np.packbits(holds.T, axis=1))
    found = sets_of_samples(holds)
    np.testing.assert_array_equal(found, expected)
    assert found.shape == (things, -(-samples // 64))
