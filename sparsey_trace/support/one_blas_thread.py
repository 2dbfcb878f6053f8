"""BLAS in one thread: two of them that wait for each other were seen to take twice the time of one."""

from __future__ import annotations

import contextlib
import sys
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadpoolctl import ThreadpoolController


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep the libraries that are loaded now to one thread each."""
    with _libraries(len(sys.modules)).limit(limits=1):
        yield


@lru_cache(maxsize=1)
def _libraries(modules: int) -> ThreadpoolController:
    """They are looked for anew when there are other modules, which libraries come with: it takes 5 ms each time."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
