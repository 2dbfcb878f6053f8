"""The steps that wait for the disk, bounded in bytes."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from sparsey_trace.recording.queue.pending_step import PendingStep
from sparsey_trace.recording.queue.policy import RequestedError
from sparsey_trace.recording.steps.step import Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from sparsey_trace.errors import SparseyTraceError
    from sparsey_trace.recording.queue.policy import Policy

_SECONDS_BETWEEN_LOOKS = 1.0
"""While waiting for the writer thread: how soon it is noticed that it died without a word."""


class CommitRequest:
    """Asks the writer thread to commit.

    Attributes:
        is_done: whether it has.
    """

    is_done = False


class EndOfSteps:
    """Asks the writer thread to end."""


class RefusedStep(NamedTuple):
    """A step that was found wrong after its pass, so that it isn't in the trace.

    Attributes:
        error: what its pass would have raised.
        size: its samples.
        nbytes: that it was counted as.
    """

    error: SparseyTraceError
    size: int
    nbytes: int


class StepQueue:
    """A queue that training fills and the writer thread empties.

    Args:
        policy: how much may wait, and what to do with a step too many.
        is_served: whether there is a writer thread, or will be one.

    Attributes:
        changed: the lock of everything here, and how waiting threads hear of news.
        high_water: the most bytes that ever waited.
        num_waits: how often a step had to wait for room.
        seconds_waited: for how long, in all.
        num_drops: how many steps were dropped for want of room.
        newest: the number of the step that was added last.
    """

    def __init__(self, policy: Policy, is_served: Callable[[], bool]) -> None:
        """Empty; see the class for the arguments."""
        self.changed = threading.Condition()
        self.high_water = self.num_waits = self.num_drops = 0
        self.seconds_waited = 0.0
        self.newest = -1
        self._policy, self._is_served = policy, is_served
        self._queue: queue.SimpleQueue[Step | PendingStep | CommitRequest | EndOfSteps] = queue.SimpleQueue()
        self._num_bytes = 0
        self._refused: list[RefusedStep] = []  # that training doesn't know of yet
        self._drops: list[int] = []  # that the trace doesn't know of yet

    def make_room(self, step: Step | PendingStep) -> bool:
        """Do what the policy says where the queue is full.

        Returns:
            Whether there is room now; not where the step was dropped, or nobody serves the queue any more.

        Raises:
            RecordError: there is none, and the policy says that this is an error.
        """
        if self._has_room(step):
            return True
        if self._policy.on_full == "error":
            raise RequestedError(self._no_room(step))
        if self._policy.on_full == "drop":
            self._drops.append(step.number)
            self.num_drops += 1
            return False
        return self._wait_for_room(step)

    def add(self, item: Step | PendingStep | CommitRequest | EndOfSteps) -> None:
        """Queue it, room or no room."""
        with self.changed:
            if isinstance(item, Step | PendingStep):
                self._num_bytes += item.nbytes
                self.high_water = max(self.high_water, self._num_bytes)
            self._queue.put(item)
            if isinstance(item, Step | PendingStep):
                self.newest = item.number

    def get(self, timeout: float | None) -> Step | PendingStep | CommitRequest | EndOfSteps | None:
        """The next item, or None after so many seconds without one; called by the writer thread."""
        try:
            return self._queue.get(timeout=timeout)
        except queue.Empty:
            return None

    def free_room(self, step: Step | PendingStep) -> None:
        """Give back the room of a step that was written, or can't be."""
        with self.changed:
            self._num_bytes -= step.nbytes
            self.changed.notify_all()

    def answer(self, request: CommitRequest) -> None:
        """Tell whoever asked that it was done."""
        with self.changed:
            request.is_done = True
            self.changed.notify_all()

    def note_left_out(self, number: int) -> None:
        """Have the trace name a step that isn't in it."""
        with self.changed:
            self._drops.append(number)

    def take_drops(self) -> list[int]:
        """The numbers of the steps that were dropped or left out since the last call, in order."""
        with self.changed:
            drops, self._drops = self._drops, []
        return sorted(drops)

    def note_refused(self, step: RefusedStep) -> None:
        """Keep it until the thread that trains asks."""
        self._refused.append(step)

    def take_refused(self) -> list[RefusedStep]:
        """Those that were noted since the last call. Costs next to nothing where there are none."""
        if not self._refused:
            return []
        refused, self._refused = self._refused, []
        return refused

    def clear(self) -> None:
        """Forget everything, as nobody will write it."""
        with self.changed:
            self._queue = queue.SimpleQueue()
            self._num_bytes = 0
            self.changed.notify_all()

    def wait_for(self, holds: Callable[[], bool]) -> bool:
        """Wait until something holds, or nobody serves the queue any more; whether it holds."""
        with self.changed:
            while not holds() and self._is_served():
                self.changed.wait(_SECONDS_BETWEEN_LOOKS)
            return holds()

    def _has_room(self, step: Step | PendingStep) -> bool:
        return not self._num_bytes or self._num_bytes + step.nbytes <= self._policy.queue_bytes

    def _wait_for_room(self, step: Step | PendingStep) -> bool:
        self.num_waits += 1
        start = time.perf_counter()
        try:
            return self.wait_for(lambda: self._has_room(step))
        finally:
            self.seconds_waited += time.perf_counter() - start

    def _no_room(self, step: Step | PendingStep) -> str:
        return (
            f"step {step.number} isn't recorded: expected room for its {step.nbytes:,} bytes in a queue of "
            f"queue_bytes={self._policy.queue_bytes:,}, found {self._num_bytes:,} waiting for the disk; make "
            "queue_bytes larger, or choose on_full='block' to wait or on_full='drop' to go on without such steps"
        )
