"""What the writer thread does: steps into the trace, and commits in time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sparsey_trace.errors import DataError, RecordError
from sparsey_trace.recording.queue.pending_step import PendingStep
from sparsey_trace.recording.queue.step_queue import CommitRequest, EndOfSteps, RefusedStep, StepQueue
from sparsey_trace.recording.steps.step import Step

if TYPE_CHECKING:
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

    def run(self, first: Step | PendingStep | None = None) -> None:
        """Write all that comes; what is left to commit at the end is the writer's to do as it closes.

        Args:
            first: what has come already.
        """
        item: Step | PendingStep | CommitRequest | EndOfSteps | None = first or self._next()
        while not isinstance(item, EndOfSteps):
            if isinstance(item, Step):
                self._write(item)
                self._queue.free_room(item)
            if isinstance(item, PendingStep):
                self._write_pending(item)
                self._queue.free_room(item)
            if isinstance(item, CommitRequest) or self._is_due():
                self._commit()
            if isinstance(item, CommitRequest):
                self._queue.answer(item)
            item = self._next()
        self._note_passes()

    def _next(self) -> Step | PendingStep | CommitRequest | EndOfSteps | None:
        """The next item, or None when it is time to commit."""
        is_idle = self._writer.num_committed == self._writer.num_samples
        return self._queue.get(None if is_idle else max(0.0, self._due - time.monotonic()))

    def _is_due(self) -> bool:
        num_unsafe, most = self._writer.num_samples - self._writer.num_committed, self._policy.commit_samples
        return time.monotonic() >= self._due or (most is not None and num_unsafe >= most)

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

    def _write_pending(self, pending: PendingStep) -> None:
        try:
            step = pending.wait(first_sample=self._writer.num_samples)
        except (RecordError, DataError) as error:
            self._refuse(pending, error)
        else:
            self._write(step)
        pending.free()

    def _write(self, step: Step) -> None:
        try:
            self._append(step)
        except DataError as error:  # of the step alone: the writer has taken in nothing of it
            self._refuse(step, error)

    def _refuse(self, step: Step | PendingStep, error: RecordError | DataError) -> None:
        self._queue.note_left_out(step.number, str(error))
        self._queue.note_refused(RefusedStep(error, step.size, step.nbytes))

    def _append(self, step: Step) -> None:
        self._writer.append(
            inputs=step.inputs,
            codes=step.winners_by_layer(),
            active=step.active_by_layer(),
            phase=step.phase,
            epoch=step.epoch,
            step=step.number,
            time=step.time,
            **step.marks,
            values=step.values,
        )
