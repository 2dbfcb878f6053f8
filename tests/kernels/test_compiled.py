"""Kernels where nothing can be kept on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numba.core import caching

from sparsey_trace.kernels.compiled import compiled

if TYPE_CHECKING:
    import pytest


def twice(number: int) -> int:
    return 2 * number


def test_where_nothing_can_be_kept_kernels_work_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    assert compiled(twice)(21) == 42
