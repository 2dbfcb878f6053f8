"""Codes that are asked for again and again: looked up once each, and kept only where they don't take too much."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest import mock

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sparsey_trace.metrics.base import CODES_AND_ACTIVITY
from sparsey_trace.metrics.folding import recalled_codes
from sparsey_trace.metrics.folding.recalled_codes import RecalledCodes
from sparsey_trace.metrics.recall import recall_from
from sparsey_trace.testing import runs

if TYPE_CHECKING:
    import sparsey_trace
    from sparsey_trace.metrics.folding.recalled_codes import Codes


class Counted:
    """Looks samples up in a run, and remembers how often each was asked for."""

    def __init__(self, run: sparsey_trace.Chunk) -> None:
        self.recall, self.times = recall_from(run), np.zeros(len(run), np.int64)

    def __call__(self, samples: np.ndarray) -> Codes:
        self.times[samples] += 1
        return self.expected(samples)

    def expected(self, samples: np.ndarray) -> Codes:
        found = self.recall(samples, CODES_AND_ACTIVITY)
        return found.codes, found.active


def is_same(found: Codes, expected: Codes) -> bool:
    pairs = zip((*found[0], *found[1]), (*expected[0], *expected[1]), strict=True)
    return all(one.dtype == other.dtype and np.array_equal(one, other) for one, other in pairs)


@given(run=runs(), data=st.data())
def test_a_sample_is_looked_up_once_and_is_the_same_however_often_it_is_asked_for(
    run: sparsey_trace.Chunk, data: st.DataObject
) -> None:
    numbers = st.lists(st.integers(0, len(run) - 1)) if len(run) else st.just([])
    kept = np.unique(np.array(data.draw(numbers), np.int64))
    counted = Counted(run)
    codes = RecalledCodes(kept, run.layout, counted)
    among = st.lists(st.sampled_from(kept.tolist())) if len(kept) else st.just([])
    for asked in data.draw(st.lists(among, max_size=3)):
        samples = np.array(asked, np.int64)
        assert is_same(codes(samples), counted.expected(samples))
    assert counted.times.max(initial=0) <= 1


@given(run=runs(), data=st.data())
def test_samples_that_are_not_kept_are_looked_up_each_time(
    run: sparsey_trace.Chunk, data: st.DataObject
) -> None:
    every = np.arange(len(run))
    with mock.patch.object(recalled_codes, "KEPT_CODES_BYTES", data.draw(st.sampled_from([0, 1 << 20]))):
        codes = RecalledCodes(every[::2], run.layout, Counted(run))
    samples = every[::-1]
    assert is_same(codes(samples), Counted(run).expected(samples))


@given(run=runs())
def test_too_many_codes_are_not_kept(run: sparsey_trace.Chunk) -> None:
    counted, every = Counted(run), np.arange(len(run))
    with mock.patch.object(recalled_codes, "KEPT_CODES_BYTES", 0):
        codes = RecalledCodes(every, run.layout, counted)
    codes(every)
    codes(every)
    assert (counted.times == 2).all()
