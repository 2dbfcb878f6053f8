"""Partitions are whole steps, and the trace alone decides them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparsey_trace.errors import UsageError
from sparsey_trace.replay.partitioned import partitions as module
from sparsey_trace.replay.partitioned.partitions import Partition, check_partition_size, partitions_of

if TYPE_CHECKING:
    from sparsey_trace.trace.reading.trace import Trace


class Steps:
    """As much of a trace as partitions look at: the steps of its samples."""

    def __init__(self, lengths: list[int]) -> None:
        self.samples = self
        self.step = np.repeat(np.arange(len(lengths)), lengths)

    def __len__(self) -> int:
        return len(self.step)


def found(lengths: list[int], size: int | None) -> list[Partition]:
    return partitions_of(cast("Trace", Steps(lengths)), size)


def test_a_partition_has_the_steps_that_begin_in_it() -> None:
    assert found([3, 3, 3, 3], 4) == [Partition(0, 0, 6), Partition(1, 6, 9), Partition(2, 9, 12)]
    # A step so long that none begins in the second stretch of four.
    assert found([3, 7, 2], 4) == [Partition(0, 0, 10), Partition(2, 10, 12)]
    for whole in (None, 12, 16):
        assert found([3, 3, 3, 3], whole) == [Partition(0, 0, 12)]


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=12),
    st.lists(st.integers(1, 9), max_size=3),
    st.integers(0, 4),
)
def test_they_cover_the_trace_and_all_but_the_last_stay_when_it_grows(
    lengths: list[int], more: list[int], power: int
) -> None:
    size = 2**power
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_LOOKED_AT", 3)
        parts, later = found(lengths, size), found([*lengths, *more], size)
    begins = {0, *np.cumsum(lengths).tolist()}
    assert [part.start for part in parts[1:]] == [part.stop for part in parts[:-1]]
    assert (parts[0].start, parts[-1].stop) == (0, sum(lengths))
    assert all(part.start in begins for part in parts)
    if len(parts) > 1:
        assert all(part.number == part.start // size for part in parts)
        assert later[: len(parts) - 1] == parts[:-1]


@pytest.mark.parametrize("size", [0, 3, -4])
def test_their_size_is_a_power_of_two(size: int) -> None:
    with pytest.raises(UsageError, match=rf"^partition_size: expected a power of two, .*, found {size}$"):
        check_partition_size(size)
    check_partition_size(None)
