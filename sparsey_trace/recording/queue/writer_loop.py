"""What the writer thread does: steps into the trace, and commits in time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sparsey_trace.errors import DataError, RecordError
from sparsey_trace.recording.queue.pending_step import PendingStep
from sparsey_trace.recording.queue.step_queue import CommitRequest, EndOfSteps, RefusedStep, StepQueue, Steps
from sparsey_trace.recording.steps.joined import AnyStep, alike, joined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sparsey_trace.recording.queue.policy import Policy
    from sparsey_trace.recording.queue.tally import Tally
    from sparsey_trace.trace.writing.writer import TraceWriter


class WriterLoop:
    """Takes steps from a queue and writes them, until the queue's end.

    Args:
        writer: where they go.
        queue: where they come from.
        policy: when to commit.
        tally: of passes; the trace keeps with each commit how far these have come.
    """

    def __init__(self, writer: TraceWriter, queue: StepQueue, policy: Policy, tally: Tally) -> None:
        """Ready to run; see the class for the arguments."""
        self._writer, self._queue, self._policy, self._tally = writer, queue, policy, tally
        self._due = time.monotonic() + policy.commit_every

    def run(self, first: Steps | None = None) -> None:
        """Write all that comes; what is left to commit at the end is the writer's to do as it closes.

        Args:
            first: what has come already.
        """
        item: Steps | CommitRequest | EndOfSteps | None = first or self._next()
        while not isinstance(item, EndOfSteps):
            if isinstance(item, list):
                self._write(item)
                self._queue.free_room(item)
            if isinstance(item, CommitRequest) or self._is_due():
                self._commit()
            if isinstance(item, CommitRequest):
                self._queue.answer(item)
            item = self._next()
        self._note_passes()

    def _next(self) -> Steps | CommitRequest | EndOfSteps | None:
        """What comes next, or None when it is time to commit."""
        num_unsafe, most = self._num_unsafe, self._policy.commit_samples
        timeout = max(0.0, self._due - time.monotonic()) if num_unsafe else None
        return self._queue.take(timeout, most_samples=None if most is None else most - num_unsafe)

    @property
    def _num_unsafe(self) -> int:
        return self._writer.num_samples - self._writer.num_committed

    def _is_due(self) -> bool:
        most = self._policy.commit_samples
        return time.monotonic() >= self._due or (most is not None and self._num_unsafe >= most)

    def _commit(self) -> None:
        self._note_passes()
        self._writer.commit()
        self._due = time.monotonic() + self._policy.commit_every

    def _note_passes(self) -> None:
        # Read first: passes before it that become steps are in the queue by then, and behind a kill are no more.
        next_step = self._tally.next_step
        if self._queue.is_drained:
            self._writer.note_next_step(next_step)
        # A commit always comes after them: a step is dropped while another waits, and closing commits.
        if drops := self._queue.take_drops():
            self._writer.note_drops(*zip(*drops, strict=True))

    def _write(self, queued: Steps) -> None:
        for steps in alike(self._on_host(queued)):
            self._append(steps)
        for step in queued:
            step.free()

    def _on_host(self, queued: Steps) -> Iterator[AnyStep]:
        """Those that may be written, when their values are there."""
        first_sample = self._writer.num_samples
        for step in queued:
            found: AnyStep
            if isinstance(step, PendingStep):
                try:
                    found = step.wait(first_sample=first_sample)
                except (RecordError, DataError) as error:
                    self._refuse(step, error)
                    continue
            else:
                found = step
            first_sample += found.size
            yield found

    def _append(self, steps: list[AnyStep]) -> None:
        """Append steps that are alike; where that can't be, one by one, to know of which."""
        try:
            self._writer.append_steps(**joined(steps, first_sample=self._writer.num_samples))
        except (
            RecordError,
            DataError,
        ) as error:  # of the steps alone: the writer has taken in nothing of them
            if len(steps) == 1:
                self._refuse(steps[0], error)
                return
            for step in steps:
                self._append([step])

    def _refuse(self, step: AnyStep | PendingStep, error: RecordError | DataError) -> None:
        self._queue.note_left_out(step.number, str(error))
        self._queue.note_refused(RefusedStep(error, step.size, step.nbytes))
