"""What has to be done in order, each thing in a lane of its own, beside the other lanes and beside new chunks."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from concurrent.futures import Executor

    Value = TypeVar("Value")

_WAITING = 2
"""Calls of a lane that may be under way or wait: so that what they are about stays bounded, however slow a lane is."""


class Lanes:
    """Calls, of which those of one lane are made one after the other in the order in which they came.

    Args:
        pool: of the threads that make them; None where whoever puts them there does it at once.
    """

    def __init__(self, pool: Executor | None) -> None:
        """Nothing is to be done yet."""
        self._pool = pool
        self._calls: dict[Hashable, deque[Callable[[], object]]] = {}
        self._changed = threading.Condition()
        self._fault: BaseException | None = None
        self._is_stopped = False
        self._at_work = 0

    def put(self, lane: Hashable, call: Callable[[], object]) -> None:
        """Have a call made when those before it in its lane are done; wait where these are too many.

        Raises:
            BaseException: what an earlier call has raised.
        """
        if self._pool is None:
            call()
            return
        with self._changed:
            calls = self._calls.setdefault(lane, deque())
            self._wait(lambda: len(calls) < _WAITING)
            calls.append(call)
            is_first = len(calls) == 1
        if is_first:
            self._pool.submit(self._run, calls)

    def join(self) -> None:
        """Wait until all is done.

        Raises:
            BaseException: what a call has raised.
        """
        with self._changed:
            self._wait(lambda: not any(self._calls.values()))
            self._calls.clear()

    def each(self, calls: Sequence[Callable[[], Value]]) -> list[Value]:
        """Have calls made beside each other, and wait for them.

        Returns:
            What they returned.

        Raises:
            BaseException: what a call has raised.
        """
        found: dict[int, Value] = {}

        def kept(place: int, call: Callable[[], Value]) -> None:
            found[place] = call()

        for place, call in enumerate(calls):
            self.put(("each", place), lambda place=place, call=call: kept(place, call))  # type: ignore[misc]
        self.join()
        return [found[place] for place in range(len(calls))]

    def stop(self) -> None:
        """Begin with no call any more, and wait for those under way; after an error, or an interrupt."""
        with self._changed:
            self._is_stopped = True
            self._changed.wait_for(lambda: not self._at_work)

    def _wait(self, until: Callable[[], bool]) -> None:
        self._changed.wait_for(lambda: self._fault is not None or until())
        if self._fault is not None:
            raise self._fault

    def _run(self, calls: deque[Callable[[], object]]) -> None:
        """Make the calls of a lane, as long as there are any."""
        with self._changed:
            self._at_work += 1
        try:
            while calls and not self._is_stopped:
                calls[0]()
                with self._changed:
                    calls.popleft()
                    self._changed.notify_all()
                    if not calls:
                        return
        except BaseException as fault:  # noqa: BLE001 - whoever waits raises it
            self._fault, self._is_stopped = self._fault or fault, True
        finally:
            with self._changed:
                self._at_work -= 1
                self._changed.notify_all()


AT_ONCE = Lanes(None)
"""Where no threads help: whatever is put there is done at once."""
