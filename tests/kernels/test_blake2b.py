"""Digests are those of hashlib, whatever the lengths."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsey_trace.kernels.blake2b import blake2b_rows


@settings(deadline=None)  # the first one may compile
@given(
    rows=st.integers(0, 3),
    # Around the ends of words and of blocks.
    length=st.sampled_from([0, 1, 7, 8, 9, 98, 127, 128, 129, 255, 256, 257]) | st.integers(0, 600),
    size=st.integers(1, 64),
    key=st.binary(min_size=1, max_size=64),
    seed=st.integers(0, 2**32 - 1),
)
def test_digests_are_those_of_hashlib(rows: int, length: int, size: int, key: bytes, seed: int) -> None:
    data = np.random.default_rng(seed).integers(0, 256, (rows, length)).astype(np.uint8)
    found = blake2b_rows(data, size, np.array([*key], np.uint8))
    expected = b"".join(blake2b(row.tobytes(), digest_size=size, key=key).digest() for row in data)
    assert found.shape == (rows, size)
    assert found.tobytes() == expected
