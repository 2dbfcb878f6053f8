"""The steps that wait for the disk, bounded in bytes, and taken from there many at a time.

A step of a few samples is many calls of Python for few bytes, and waking a thread is a call of the system. So steps
gather: the writer thread is woken by the first, and again when they make a block, or somebody waits for them.

Ctrl-C may come between any two lines of the thread that trains. So what was queued is known from the queue itself,
which grows in one step along with all that is counted, and the lock is one that a `with` statement takes and gives back
without a line of Python.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from sparsey_trace.recording.queue.pending_step import PendingStep
from sparsey_trace.recording.queue.policy import RequestedError
from sparsey_trace.recording.steps.host_step import HostStep
from sparsey_trace.recording.steps.step import Step
from sparsey_trace.support.bell import Bell

if TYPE_CHECKING:
    from collections.abc import Callable

    from sparsey_trace.errors import SparseyTraceError
    from sparsey_trace.layout import Layout
    from sparsey_trace.recording.queue.policy import Policy

_SECONDS_BETWEEN_LOOKS = 1.0
"""While waiting: how soon it is noticed that the writer thread died without a word, or that a bell wasn't rung."""


QueuedStep = Step | HostStep | PendingStep
"""Looked at already, in the host's memory, or on its way there."""

_STEPS = (Step, HostStep, PendingStep)

BLOCK_BYTES = 2 << 20
"""How much is taken at once: enough for what each call costs, and each change of threads; few enough for a cache."""

_MOST_STEPS = 256
"""In a block: as many as make what each call costs small beside what each step does."""

_SECONDS_TO_GATHER = 1.0
"""For how long steps that make no block wait for more of them: what is done for a few costs as much as for fifty."""


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


class Totals(NamedTuple):
    """What was queued so far.

    Attributes:
        newest: the number of the last step; -1 before the first.
        steps: how many.
        samples: in these.
        nbytes: of these.
        layout: of the model, or None before the first.
    """

    newest: int = -1
    steps: int = 0
    samples: int = 0
    nbytes: int = 0
    layout: Layout | None = None

    def plus(self, step: QueuedStep) -> Totals:
        """With one more step."""
        return Totals(
            step.number, self.steps + 1, self.samples + step.size, self.nbytes + step.nbytes, step.layout
        )


Steps = list[QueuedStep]
"""As they were queued."""


class _Queued(NamedTuple):
    item: QueuedStep | CommitRequest | EndOfSteps
    totals: Totals  # with it


class StepQueue:
    """A queue that training fills and the writer thread empties.

    Args:
        policy: how much may wait, and what to do with a step too many.
        is_served: whether there is a writer thread, or will be one.

    Attributes:
        lock: of everything here.
        high_water: the most bytes that ever waited.
        num_waits: how often a step had to wait for room.
        seconds_waited: for how long, in all.
        num_drops: how many steps were dropped for want of room.
        num_bad: how many were left out as they couldn't be recorded.
        num_unwritten: how many of these had been queued.
    """

    def __init__(self, policy: Policy, is_served: Callable[[], bool]) -> None:
        """Empty; see the class for the arguments."""
        self.lock = threading.RLock()
        self.high_water = self.num_waits = self.num_drops = 0
        self.num_bad = self.num_unwritten = 0
        self.seconds_waited = 0.0
        self._policy, self._is_served = policy, is_served
        self._queue: deque[_Queued] = deque()
        # So much less than may wait that who waits for room gets some while the rest is still there to be taken.
        self._block_bytes = min(BLOCK_BYTES, policy.queue_bytes // 4)
        self._taken = Totals()  # with what the writer thread took last
        self._num_requests = 0  # in the queue
        self._enough_samples: int | None = None  # for the writer thread not to wait for more
        self._is_hurried = False  # somebody waits, or found no room, since the last step was taken
        self._num_freed = 0  # bytes
        self._has_more = Bell()
        self._waiting: list[Bell] = []  # of threads that wait for news
        self._refused: list[RefusedStep] = []  # that training doesn't know of yet
        self._drops: list[tuple[int, str]] = []  # that the trace doesn't know of yet
        self._newest_drop = -1

    @property
    def totals(self) -> Totals:
        """What was queued so far. Without the lock, which a forked child may find taken for ever."""
        try:
            return self._queue[-1].totals
        except IndexError:
            return self._taken

    @property
    def newest(self) -> int:
        """The number of the last step that was queued, dropped or left out; -1 before the first."""
        newest, dropped = self.totals.newest, self._newest_drop
        return newest if newest > dropped else dropped

    @property
    def is_drained(self) -> bool:
        """Whether the thread that writes has taken all steps that were queued."""
        return self.totals.steps == self._taken.steps

    def make_room(self, step: QueuedStep) -> bool:
        """Do what the policy says where the queue is full.

        Returns:
            Whether there is room now; not where the step was dropped, or nobody serves the queue any more.

        Raises:
            RecordError: there is none, and the policy says that this is an error.
        """
        if self._has_room(step, self.totals):
            return True
        self._hurry()
        if self._policy.on_full == "error":
            raise RequestedError(self._no_room(step))
        if self._policy.on_full == "drop":
            self._note_missing(step.number, "dropped: the queue was full")
            self.num_drops += 1
            return False
        return self._wait_for_room(step)

    def add(self, item: QueuedStep | CommitRequest | EndOfSteps) -> bool:
        """Queue it; a step only where there is room.

        Returns:
            Whether it was queued.
        """
        with self.lock:
            totals, was_empty = self.totals, not self._queue
            if isinstance(item, _STEPS):
                if not self._has_room(item, totals):
                    return False
                totals = totals.plus(item)
                if isinstance(item, PendingStep):
                    item.start_copy()  # now that there is room for what it brings
                self.high_water = max(self.high_water, totals.nbytes - self._num_freed)
            else:
                self._num_requests += 1
            self._queue.append(_Queued(item, totals))
            if was_empty or self._is_urgent(totals):
                self._has_more.ring()
        return True

    def take(
        self, timeout: float | None, *, most_samples: int | None = None
    ) -> Steps | CommitRequest | EndOfSteps | None:
        """The steps that wait, as many as make a block, or what stands before them; called by the writer thread.

        Args:
            timeout: None is the answer after so many seconds without anything.
            most_samples: no step more than makes so many.
        """
        until = None if timeout is None else time.monotonic() + timeout
        self._enough_samples = most_samples
        while not self._queue:
            left = _SECONDS_BETWEEN_LOOKS if until is None else until - time.monotonic()
            if left <= 0:
                return None
            self._has_more.wait(min(left, _SECONDS_BETWEEN_LOOKS))
        self._gather(until)
        return self._take(most_samples)

    def _gather(self, until: float | None) -> None:
        """Wait while steps may come that make a block with those that are there."""
        end = time.monotonic() + min(_SECONDS_TO_GATHER, self._policy.commit_every)
        end = end if until is None else min(end, until)
        # Not at first: the file appears with the first step.
        while self._taken.steps and not self._is_urgent(self.totals) and (left := end - time.monotonic()) > 0:
            self._has_more.wait(left)

    def _is_urgent(self, totals: Totals) -> bool:
        """Whether the writer thread has to see to the queue at once, which holds so much in all."""
        taken = self._taken
        return (
            totals.nbytes - taken.nbytes >= self._block_bytes
            or totals.steps - taken.steps >= _MOST_STEPS
            or (self._enough_samples is not None and totals.samples - taken.samples >= self._enough_samples)
            or self._num_requests > 0
            or self._is_hurried
        )

    def free_room(self, steps: Steps) -> None:
        """Give back the room of steps that were written, or can't be; called by the writer thread."""
        with self.lock:
            self._num_freed += sum(step.nbytes for step in steps)
            self._tell()

    def answer(self, request: CommitRequest) -> None:
        """Tell whoever asked that it was done; called by the writer thread."""
        with self.lock:
            request.is_done = True
            self._tell()

    def note_left_out(self, number: int, reason: str) -> None:
        """Have the trace name a step that couldn't be recorded, and say why."""
        with self.lock:
            self._note_missing(number, reason)
            self.num_bad += 1

    def _note_missing(self, number: int, reason: str) -> None:
        with self.lock:
            self._newest_drop = max(self._newest_drop, number)
            self._drops.append((number, reason))

    def take_drops(self) -> list[tuple[int, str]]:
        """The numbers of the steps that were dropped or left out since the last call, in order, and why."""
        with self.lock:
            drops, self._drops = self._drops, []
        return sorted(drops)

    def note_refused(self, step: RefusedStep) -> None:
        """Keep it until the thread that trains asks."""
        self.num_unwritten += 1
        self._refused.append(step)

    def take_refused(self) -> list[RefusedStep]:
        """Those that were noted since the last call. Costs next to nothing where there are none."""
        if not self._refused:
            return []
        refused, self._refused = self._refused, []
        return refused

    def clear(self) -> None:
        """Forget everything, as nobody will write it; called by the writer thread."""
        with self.lock:
            self._taken = self.totals
            self._num_freed = self._taken.nbytes
            self._queue.clear()
            self._num_requests = 0
            self._tell()

    def wait_for(self, holds: Callable[[], bool]) -> bool:
        """Wait until something holds, or nobody serves the queue any more; whether it holds."""
        bell = Bell()
        self._waiting.append(bell)
        self._hurry()
        try:
            while not holds() and self._is_served():
                bell.wait(_SECONDS_BETWEEN_LOOKS)
        finally:
            self._waiting.remove(bell)
        return holds()

    def tell(self) -> None:
        """Have all who wait look again."""
        with self.lock:
            self._tell()

    def _hurry(self) -> None:
        """Have what is there written now, though it makes no block."""
        with self.lock:
            self._is_hurried = True
            self._has_more.ring()

    def _tell(self) -> None:
        for bell in tuple(self._waiting):
            bell.ring()

    def _take(self, most_samples: int | None) -> Steps | CommitRequest | EndOfSteps | None:
        with self.lock:
            if not self._queue:
                return None  # cleared
            before, self._is_hurried = self._taken, False
            first = self._pop()
            if not isinstance(first, _STEPS):
                self._num_requests -= 1
                return first
            steps: Steps = [first]
            self._pop_more(steps, before, most_samples)
            return steps

    def _pop(self) -> QueuedStep | CommitRequest | EndOfSteps:
        # In this order, as `totals` is read without the lock.
        self._taken = self._queue[0].totals
        return self._queue.popleft().item

    def _pop_more(self, steps: Steps, before: Totals, most_samples: int | None) -> None:
        """Add the steps that belong to the block that was begun after `before`."""
        queue, most_bytes = self._queue, before.nbytes + self._block_bytes
        end = None if most_samples is None else before.samples + most_samples
        while queue and len(steps) < _MOST_STEPS:
            item, totals = queue[0]
            is_full = totals.nbytes > most_bytes or (end is not None and self._taken.samples >= end)
            if is_full or not isinstance(item, _STEPS):
                return
            self._pop()
            steps.append(item)

    def _has_room(self, step: QueuedStep, totals: Totals) -> bool:
        """Behind what was queued so far."""
        waiting = totals.nbytes - self._num_freed
        return not waiting or waiting + step.nbytes <= self._policy.queue_bytes

    def _wait_for_room(self, step: QueuedStep) -> bool:
        self.num_waits += 1
        start = time.perf_counter()
        try:
            return self.wait_for(lambda: self._has_room(step, self.totals))
        finally:
            self.seconds_waited += time.perf_counter() - start

    def _no_room(self, step: QueuedStep) -> str:
        waiting = self.totals.nbytes - self._num_freed
        return (
            f"step {step.number} isn't recorded: expected room for its {step.nbytes:,} bytes in a queue of "
            f"queue_bytes={self._policy.queue_bytes:,}, found {waiting:,} waiting for the disk; make "
            "queue_bytes larger, or choose on_full='block' to wait or on_full='drop' to go on without such steps"
        )
