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
