"""The thread between training and the disk."""

from __future__ import annotations

import atexit
import os
import threading
import warnings
from typing import TYPE_CHECKING

from sparsey_trace.errors import RecordError, RecordWarning, SparseyTraceError
from sparsey_trace.recording.queue.pending_step import PendingStep
from sparsey_trace.recording.queue.step_queue import CommitRequest, EndOfSteps, StepQueue
from sparsey_trace.recording.queue.writer_loop import WriterLoop

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sparsey_trace.layout import Layout
    from sparsey_trace.recording.queue.policy import Policy
    from sparsey_trace.recording.steps.step import Step
    from sparsey_trace.trace.writing.writer import TraceWriter


class WriterThread:
    """Writes steps, in the order in which they come, from a thread of its own.

    The thread starts with the first step, and it alone touches the file. It ends with `close`, which the
    interpreter's exit calls where the user forgot; or when the file can't be written any more.

    Args:
        path: the trace, for messages.
        open_writer: makes the trace, once the layout is known.
        policy: what to do where the disk is slow or fails, and when to commit.

    Attributes:
        queue: the steps that wait.
    """

    def __init__(self, path: Path, open_writer: Callable[[Layout], TraceWriter], policy: Policy) -> None:
        """Ready for the first step; see the class for the arguments."""
        self.queue = StepQueue(policy, self._is_served)
        self._path, self._open_writer, self._policy = path, open_writer, policy
        self._writer: TraceWriter | None = None
        self._finished = False  # no more steps are taken
        self._is_done = False  # and all that were taken are in the trace
        self._failure: BaseException | None = None
        self._reported = False
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()

    @property
    def num_committed(self) -> int:
        """Samples that are safe."""
        return 0 if self._writer is None else self._writer.num_committed

    @property
    def has_failed(self) -> bool:
        """Whether steps can't be written any more. Costs next to nothing."""
        is_dead = self._thread is not None and not self._thread.is_alive()
        if is_dead and not self._is_done and self._failure is None:
            self._failure = RuntimeError("the writer thread died without a word")
        return self._failure is not None

    def put(self, step: Step | PendingStep) -> bool:
        """Queue a step, as the policy says where the queue is full.

        Returns:
            Whether it was taken; not where it was dropped, or where the thread has failed.

        Raises:
            RecordError: the queue is full, and the policy says that this is an error; or the recording is closed.
        """
        with self.queue.changed:
            if not self.queue.make_room(step) or self.has_failed:
                return False
            if self._finished:
                msg = "expected an open recorder, found one that was closed while the model ran"
                raise RecordError(msg)
            if isinstance(step, PendingStep):
                step.start_copy()  # now that there is room for what it brings
            self.queue.add(step)
            if self._thread is None:
                self._start(step.layout)
        return True

    def commit(self) -> None:
        """Return once everything that was taken so far is safe.

        Raises:
            RecordError: it can't be made safe; or this is a forked child.
        """
        if os.getpid() != self._pid:
            msg = f"{self._path}: commit: expected the process that records, {self._pid}, found a child of it"
            raise RecordError(msg)
        if self._thread is None:
            return
        request = CommitRequest()
        self.queue.add(request)
        if not self.queue.wait_for(lambda: request.is_done) and self.has_failed:
            self._reported = True
            raise RecordError(self._message) from self._failure

    def finish(self) -> None:
        """Let the thread write what waits and end, without waiting for it."""
        if os.getpid() != self._pid:
            return  # in a forked child, whose copy of the lock may be held for ever
        with self.queue.changed:
            self._finished = True
            self.queue.add(EndOfSteps())

    def close(self) -> None:
        """Write what waits, close the trace, and report a failure that nobody has heard of yet.

        Raises:
            RecordError: as `report` does.
        """
        if os.getpid() != self._pid:
            return
        self.finish()
        if self._thread is not None:
            self._thread.join()
        atexit.unregister(self.close)
        if self.has_failed:
            self.report()

    def report(self) -> None:
        """Say, once, that the thread has failed.

        Raises:
            RecordError: the policy says so; else it is a `RecordWarning`.
        """
        with self.queue.changed:
            was_reported, self._reported = self._reported, True
        if was_reported:
            return
        if self._policy.on_error == "raise":
            raise RecordError(self._message) from self._failure
        warnings.warn(f"{self._message}; training goes on unrecorded", RecordWarning, stacklevel=2)

    @property
    def _message(self) -> str:
        found = str(self._failure).removeprefix(f"{self._path}: ")
        if not isinstance(self._failure, SparseyTraceError):
            found = f"{type(self._failure).__name__}: {found}"
        return f"{self._path}: recording has stopped: {found} ({self.num_committed:,} samples are safe)"

    def _is_served(self) -> bool:
        return not self.has_failed and not self._is_done

    def _start(self, layout: Layout) -> None:
        atexit.register(self.close)
        # A daemon, as the interpreter waits for all other threads before it calls what atexit holds.
        thread = threading.Thread(target=self._run, args=(layout,), name="sparsey-trace-writer", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # no more threads can be had
            self._fail(error)
        else:
            self._thread = thread

    def _run(self, layout: Layout) -> None:
        try:
            with self._open_writer(layout) as self._writer:
                WriterLoop(self._writer, self.queue, self._policy).run()
            self._is_done = True
        except BaseException as error:  # noqa: BLE001 - whatever it is, the training thread has to hear of it
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        self._failure = error
        self.queue.clear()
