"""What is made once for all metrics that have a use for it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sparsey_trace.chunk import Chunk

M = TypeVar("M")


class Memo:
    """What is worth making only once in a pass, whichever thread needs it first.

    Args:
        metrics: see `metrics`.

    Attributes:
        metrics: those that give out something of each chunk and share this; empty where that isn't known.
    """

    def __init__(self, metrics: Sequence[object] = ()) -> None:
        """Nothing is made yet."""
        self.metrics = metrics
        self._made: dict[str, Any] = {}
        self._of_chunks: WeakKeyDictionary[Chunk, dict[str, Any]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def once(self, name: str, make: Callable[[], M]) -> M:
        """What `make` makes, which is called the first time only."""
        with self._lock:
            if name not in self._made:
                self._made[name] = make()
            made: M = self._made[name]
            return made

    def once_of(self, chunk: Chunk, name: str, make: Callable[[], M]) -> M:
        """What `make` makes of a chunk, kept as long as the chunk is; a chunk is worked on by one thread."""
        with self._lock:
            kept = self._of_chunks.setdefault(chunk, {})
        if name not in kept:
            kept[name] = make()
        made: M = kept[name]
        return made
