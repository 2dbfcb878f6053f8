from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING
from unittest.mock import patch

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from sparsey_trace.support.one_blas_thread import _libraries, one_blas_thread

if TYPE_CHECKING:
    import pytest


def threads() -> list[int]:
    return [found["num_threads"] for found in threadpool_info() if found["user_api"] == "blas"]


def test_it_is_one_thread_within_and_as_many_as_before_behind() -> None:
    np.eye(2) @ np.eye(2)
    with threadpool_limits(2):
        before = threads()
        for _ in range(2):
            with one_blas_thread():
                assert set(threads()) == {1}
            assert threads() == before != []


def test_libraries_are_looked_for_again_only_with_other_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    with patch("threadpoolctl.ThreadpoolController") as looked:
        _libraries.cache_clear()
        for _ in range(3):
            with one_blas_thread():
                pass
        assert looked.call_count == 1
        monkeypatch.setitem(sys.modules, "one_more", ModuleType("one_more"))
        with one_blas_thread():
            pass
        assert looked.call_count == 2
    _libraries.cache_clear()
