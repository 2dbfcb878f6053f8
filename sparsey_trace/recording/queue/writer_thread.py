"""The thread between training and the disk."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import RecordError, SparseyTraceError
from sparsey_trace.recording.queue.policy import RequestedError
from sparsey_trace.recording.queue.step_queue import CommitRequest, EndOfSteps, StepQueue
from sparsey_trace.recording.queue.tally import Tally
from sparsey_trace.recording.queue.writer_loop import WriterLoop
from sparsey_trace.support.interrupts import uninterrupted
from sparsey_trace.support.telling import tell
from sparsey_trace.trace.format.losses import ERROR

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sparsey_trace.layout import Layout
    from sparsey_trace.recording.queue.policy import Policy
    from sparsey_trace.recording.queue.step_queue import QueuedStep
    from sparsey_trace.trace.writing.lock import WriterLock
    from sparsey_trace.trace.writing.writer import TraceWriter

_SECONDS_TO_BEGIN = 1.0
"""Within which a thread shows itself whose start was interrupted; else it was interrupted before there was one."""


class WriterThread:
    """Writes steps, in the order in which they come, from a thread of its own.

    The thread starts with the first step, and it alone touches the file. It ends with `close`, or when the file
    can't be written any more. Nothing in here leads to the model, which ends with its last user.

    Args:
        path: the trace, for messages.
        open_writer: makes the trace, once the layout is known.
        policy: what to do where the disk is slow or fails, and when to commit.
        lock: the right to write there, which is let go of at the end, also where nothing was written.

    Attributes:
        queue: the steps that wait.
        tally: of passes.
    """

    def __init__(
        self,
        path: Path,
        open_writer: Callable[[Layout], TraceWriter],
        policy: Policy,
        *,
        lock: WriterLock | None = None,
    ) -> None:
        """Ready for the first step; see the class for the arguments."""
        self.queue = StepQueue(policy, self._is_served)
        self.tally = Tally()
        self._path, self._open_writer, self._policy, self._lock = path, open_writer, policy, lock
        self._writer: TraceWriter | None = None
        self._finished = False  # no more steps are taken
        self._is_done = False  # and all that were taken are in the trace
        self._failure: BaseException | None = None
        self._reported = False
        self._thread: threading.Thread | None = None
        self._is_started = False
        self._pid = os.getpid()

    @property
    def most_bytes_unlooked(self) -> int:
        """How large a step may be that waits as its pass left it; so that many find room."""
        return self._policy.queue_bytes // 8

    @property
    def num_committed(self) -> int:
        """Samples that are safe."""
        return 0 if self._writer is None else self._writer.num_committed

    @property
    def num_committed_steps(self) -> int:
        """Steps that are safe."""
        return 0 if self._writer is None else self._writer.num_committed_steps

    @property
    def has_failed(self) -> bool:
        """Whether steps can't be written any more. Costs next to nothing."""
        if self._failure is None and self._is_started and not self._is_done:
            is_dead = not self._is_alive()
            # Once more, as it may have come to its end meanwhile.
            if is_dead and self._failure is None and not self._is_done and os.getpid() == self._pid:
                self._failure = RuntimeError("the writer thread died without a word")
        return self._failure is not None

    @property
    def is_finished(self) -> bool:
        """Whether no more steps are taken, as all is closed."""
        return self._finished

    def put(self, step: QueuedStep) -> bool:
        """Queue a step, as the policy says where the queue is full.

        Returns:
            Whether it was taken; not where it was dropped, or where the thread has failed.

        Raises:
            RecordError: the queue is full, and the policy says that this is an error; or the recording is closed.
        """
        while True:
            with self.queue.lock:
                # Before the step is queued: where Ctrl-C comes in between, the step isn't taken, and all else goes on.
                if self._thread is None and not self._finished and self._failure is None:
                    self._start(step.layout)
                if self._failure is not None:
                    self.tally.lost += 1
                    return False
                if self._finished:
                    msg = "expected an open recorder, found one that was closed while the model ran"
                    raise RecordError(msg)
                if self.queue.add(step):
                    return True
            if not self.queue.make_room(step):
                self.tally.lost += self._policy.on_full != "drop"
                return False

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
            raise RecordError(self.error) from self._failure

    def finish(self) -> None:
        """Let the thread write what waits and end, without waiting for it."""
        if os.getpid() != self._pid:
            return  # in a forked child, whose copy of the lock may be held for ever
        with self.queue.lock:
            self._finished = True
            self.queue.add(EndOfSteps())
            if self._thread is None:
                self._let_go()

    def close(self) -> None:
        """Write what waits, close the trace, and report a failure that nobody has heard of yet.

        Raises:
            RecordError: as `report` does.
        """
        if os.getpid() == self._pid:
            self.wait()
            if self.has_failed:
                self.report()

    def wait(self) -> None:
        """Return once all that waits is written, or can't be, and nobody writes to the path any more."""
        if os.getpid() != self._pid:
            return
        self.finish()
        if self._thread is not None:
            self.queue.wait_for(lambda: self._is_done)
            self._thread.join()

    def report(self) -> None:
        """Say, once, that the thread has failed.

        Raises:
            RecordError: the policy says so; else it is a `RecordWarning`.
        """
        with self.queue.lock:
            was_reported, self._reported = self._reported, True
        if was_reported:
            return
        if self._policy.on_error == "raise":
            raise RequestedError(self.error) from self._failure
        tell(f"{self.error}; training goes on unrecorded")

    @property
    def error(self) -> str | None:
        """What has stopped the recording, in one line; None where nothing has."""
        if not self.has_failed:
            return None
        found = self._in_words(self._failure)
        return f"{self._path}: recording has stopped: {found} ({self.num_committed:,} samples are safe)"

    def _in_words(self, failure: BaseException | None) -> str:
        found = str(failure).removeprefix(f"{self._path}: ")
        return found if isinstance(failure, SparseyTraceError) else f"{type(failure).__name__}: {found}"

    def _losses(self, writer: TraceWriter) -> dict[str, Any]:
        """What isn't in a trace that is about to be closed, by the names of `losses`; nothing where all is."""
        queue, tally = self.queue, self.tally
        lost = queue.totals.steps - queue.num_unwritten - writer.num_steps + tally.lost
        missing = {
            "left_out": tally.left_out,
            "refused": queue.num_bad,
            "drops": queue.num_drops,
            "lost": lost,
        }
        known = {"passes": tally.passes, "steps": writer.num_steps}
        return (
            known | {name: found for name, found in missing.items() if found} if any(missing.values()) else {}
        )

    def _is_alive(self) -> bool:
        # Not Thread.is_alive: Ctrl-C within it makes it say for ever that the thread has ended.
        return self._thread is not None and self._thread.ident in sys._current_frames()

    def _is_served(self) -> bool:
        return not self.has_failed and not self._is_done

    def _start(self, layout: Layout) -> None:
        # A daemon, as the interpreter waits for all other threads before it calls what atexit holds.
        thread = threading.Thread(target=self._run, args=(layout,), name="sparsey-trace-writer", daemon=True)
        self._thread = thread  # whatever interrupts its start, whoever closes knows for whom to wait
        try:
            with uninterrupted():
                thread.start()
                self._is_started = True
        except RuntimeError as error:  # no more threads can be had
            self._thread = None
            self._fail(error)
            self._let_go()
        except BaseException:
            self._is_started = self._shows_itself()
            if not self._is_started:
                self._thread = None
            raise

    def _shows_itself(self) -> bool:
        """Whether a thread whose start was interrupted runs after all."""
        deadline = time.monotonic() + _SECONDS_TO_BEGIN
        while not self._is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        return self._is_alive()

    def _run(self, layout: Layout) -> None:
        try:
            self._serve(layout)
            self._is_done = True
            self.queue.tell()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the training thread has to hear of it
            self._fail(error)
        finally:
            self._let_go()

    def _serve(self, layout: Layout) -> None:
        """Write what comes; without a step there is no file."""
        while isinstance(
            first := self.queue.take(None, most_samples=self._policy.commit_samples), CommitRequest
        ):
            self.queue.answer(first)
        if isinstance(first, list):
            with self._open_writer(layout) as self._writer:
                try:
                    WriterLoop(self._writer, self.queue, self._policy, self.tally).run(first)
                except BaseException as error:
                    self._writer.note_losses(self._losses(self._writer) | {ERROR: self._in_words(error)})
                    raise
                self._writer.note_losses(self._losses(self._writer))

    def _let_go(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def _fail(self, error: BaseException) -> None:
        self._failure = error
        self.queue.clear()
