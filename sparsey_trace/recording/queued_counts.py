"""How much was queued and not found wrong since, which the thread that trains is told of later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.recording.queue.step_queue import Totals

if TYPE_CHECKING:
    from sparsey_trace.recording.queue.step_queue import RefusedStep, StepQueue


class QueuedCounts:
    """Counts the steps that are recorded, as far as is known.

    Args:
        queue: where they go.
    """

    def __init__(self, queue: StepQueue) -> None:
        """None was found wrong yet; see the class for the argument."""
        self._queue, self._refused = queue, Totals()

    @property
    def steps(self) -> int:
        """How many were queued, and not found wrong since."""
        return self._queue.totals.steps - self._refused.steps

    @property
    def samples(self) -> int:
        """How many samples these hold."""
        return self._queue.totals.samples - self._refused.samples

    @property
    def nbytes(self) -> int:
        """How many bytes these hold."""
        return self._queue.totals.nbytes - self._refused.nbytes

    def take_refused(self) -> list[RefusedStep]:
        """Those that were found wrong since the last call, which count no more. Costs next to nothing without any."""
        if refused := self._queue.take_refused():
            before = self._refused
            self._refused = Totals(
                steps=before.steps + len(refused),
                samples=before.samples + sum(step.size for step in refused),
                nbytes=before.nbytes + sum(step.nbytes for step in refused),
            )
        return refused
