"""Damage anywhere in a trace is found, or harmless."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.faults import times
from tests.trace.feed import LAYOUT, check_file, read, sent, write_left

if TYPE_CHECKING:
    from pathlib import Path


STEPS = 60


@pytest.mark.usefixtures("small_chunks")
def test_a_trace_left_behind_and_cut_anywhere(tmp_path: Path) -> None:
    # All of its samples stand in the tail, where no checksum tells zeros from values.
    path = write_left(tmp_path / "left.h5", steps=3)
    whole, expected, readable = path.read_bytes(), sent(0, 3), 0
    for size in range(12, len(whole), len(whole) // 25):
        path.write_bytes(whole[:size])
        # Only what nobody reads yet can be missing unnoticed.
        with contextlib.suppress(TraceError):
            assert check_file(path, expected) == len(expected["step"])
            readable += 1
    assert readable <= 5


def damaged(whole: bytes, rng: random.Random) -> bytes:
    """A copy with one bit flipped, or up to 64 bytes overwritten, anywhere."""
    copy = bytearray(whole)
    offset = rng.randrange(len(whole))
    if rng.random() < 0.7:
        copy[offset] ^= 1 << rng.randrange(8)
    else:
        length = min(rng.randrange(1, 64), len(copy) - offset)
        copy[offset : offset + length] = rng.choice([bytes(length), b"\xff" * length, rng.randbytes(length)])
    return bytes(copy)


def values_or_error(path: Path, expected: dict[str, np.ndarray], config: dict[str, int]) -> bool:
    """Whether a damaged file could be read; its checked parts are right then."""
    try:
        with open_trace(path) as trace:
            assert trace.layout == LAYOUT
            assert trace.config == config
            checked = min(len(trace), trace.storage.in_chunks)
            for name, found in read(trace, 0, checked).items():
                np.testing.assert_array_equal(found, expected[name][:checked], err_msg=name)
            trace.samples.to_pandas()
            assert "\n" not in repr(trace)
            trace._repr_html_()
    except TraceError as error:
        assert str(error).startswith(f"{path}: ")
        assert "\n" not in str(error)
        return False
    return True


def test_damage_anywhere_in_a_closed_trace_is_found_or_harmless(closed: Path) -> None:
    whole, rng, expected = closed.read_bytes(), random.Random(0), sent(0, STEPS)
    found, tries = 0, times(100, 3000)
    for _ in range(tries):
        closed.write_bytes(damaged(whole, rng))
        found += not values_or_error(closed, expected, {"lr": 1})
    assert found > tries / 3


def test_damage_anywhere_in_a_trace_left_behind_is_found_or_spares_the_chunks(left: Path) -> None:
    whole, rng, expected = left.read_bytes(), random.Random(1), sent(0, STEPS)
    found, tries = 0, times(50, 1000)
    for _ in range(tries):
        left.write_bytes(damaged(whole, rng))
        found += not values_or_error(left, expected, {})
    assert found > 0.3 * tries
