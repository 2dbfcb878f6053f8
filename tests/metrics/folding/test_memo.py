"""What is made once: of a pass, and of a chunk."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from sparsey_trace.chunk import Chunk
from sparsey_trace.metrics.folding.memo import Memo
from tests.metrics.by_hand import LAYOUT


def empty_chunk() -> Chunk:
    none = np.empty(0, np.int64)
    return Chunk(layout=LAYOUT, start=0, step=none, epoch=none, phase=none, label=none)


def test_what_is_made_of_a_chunk_goes_with_it() -> None:
    memo, first, second = Memo(), empty_chunk(), empty_chunk()
    made = [memo.once_of(chunk, "a", lambda: {1}) for chunk in (first, first, second)]
    assert made[0] is made[1] is not made[2]
    assert memo.once_of(first, "b", lambda: None) is None
    del first
    gc.collect()
    assert list(memo._of_chunks) == [second]


def test_what_could_not_be_made_is_tried_again() -> None:
    memo, chunk = Memo(), empty_chunk()
    with pytest.raises(ZeroDivisionError):
        memo.once_of(chunk, "a", lambda: 1 // 0)
    assert memo.once_of(chunk, "a", lambda: 2) == 2
