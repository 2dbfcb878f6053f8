"""Who is told while kernels are compiled; without Numba, which takes long to import."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TOLD: list[Callable[[str], None]] = []


@contextlib.contextmanager
def told(say: Callable[[str], None]) -> Iterator[None]:
    """Let something take in words about what is waited for; none when nothing is any more."""
    _TOLD.append(say)
    try:
        yield
    finally:
        _TOLD.remove(say)


def waiting_for(what: str) -> None:
    """Say what keeps those who wait."""
    for say in _TOLD:
        say(what)
