"""Kernels where nothing can be kept on disk."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from numba.core import caching
from numba.np import arraymath

from sparsey_trace.kernels.compiled import compiled

if TYPE_CHECKING:
    import pytest


def test_other_code_of_the_process_has_scipys_blas_where_scipy_is() -> None:
    assert (importlib.util.find_spec("scipy") is not None) == arraymath._HAVE_BLAS


def twice(number: int) -> int:
    return 2 * number


def test_where_nothing_can_be_kept_kernels_work_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    assert compiled(twice)(21) == 42


def test_what_is_called_with_a_number_that_begins_as_0_is_compiled_once() -> None:
    @compiled
    def _one_more(number: int) -> int:
        return number + 1

    @compiled
    def many_more(count: int) -> int:
        number = 0
        for _ in range(count):
            number = _one_more(number)
        return number

    assert many_more(3) == 3
    assert [str(*args) for args in _one_more.signatures] == ["int64"]
