"""A trace that all tests of arrays may read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import sparsey_trace as st
from tests.arrays.same import SAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def trace() -> Iterator[st.Trace]:
    with st.open_trace(SAMPLE) as trace:
        yield trace
