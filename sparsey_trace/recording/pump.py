"""A bounded queue and a thread between training and the disk."""

from __future__ import annotations

import atexit
import os
import queue
import threading
import time
from typing import TYPE_CHECKING

from sparsey_trace.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sparsey_trace.layout import Layout
    from sparsey_trace.recording.step import Step
    from sparsey_trace.trace.writer import TraceWriter


class Pump:
    """Writes steps, in the order in which they come, from a thread of its own.

    The thread starts with the first step, and it alone touches the file. It ends with `close`, which the
    interpreter's exit calls where the user forgot.

    Args:
        open_writer: makes the trace, once the layout is known.
        queue_bytes: how much may wait to be written; a step too many blocks whoever brings it. A single
            step may be larger.
        commit_every: seconds between commits.

    Attributes:
        num_committed: samples that are safe.
        high_water: the most bytes that ever waited.
        num_waits: how often a step had to wait for room.
        seconds_waited: for how long, in all.
    """

    def __init__(
        self, open_writer: Callable[[Layout], TraceWriter], *, queue_bytes: int, commit_every: float
    ) -> None:
        """Ready for the first step; see the class for the arguments."""
        self.num_committed = self.high_water = self.num_waits = 0
        self.seconds_waited = 0.0
        self._open_writer = open_writer
        self._queue_bytes, self._commit_every = queue_bytes, commit_every
        self._queue: queue.SimpleQueue[Step | None] = queue.SimpleQueue()  # None: the end
        self._changed = threading.Condition()  # of the three below
        self._waiting = 0  # bytes
        self._finished = False
        self._failure: BaseException | None = None
        self._reported = False
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()

    def put(self, step: Step) -> None:
        """Queue a step; wait while the queue is full.

        Raises:
            RecordError: the thread has failed (its error is the cause), or the pump is closed.
        """
        with self._changed:
            if not self._may_go_on(step):
                self._wait_for_room(step)
            if self._failure is not None:
                raise self._report() from self._failure
            if self._finished:
                msg = "expected an open recorder, found one that was closed while the model ran"
                raise RecordError(msg)
            self._waiting += step.nbytes
            self.high_water = max(self.high_water, self._waiting)
            self._queue.put(step)
            if self._thread is None:
                self._thread = self._start(step.layout)

    def finish(self) -> None:
        """Let the thread write what waits and end, without waiting for it."""
        if os.getpid() != self._pid:
            return  # in a forked child, whose copy of the lock may be held for ever
        with self._changed:
            self._finished = True
            self._queue.put(None)

    def close(self) -> None:
        """Write what waits and close the trace.

        Raises:
            RecordError: the thread has failed, and nobody has heard of it yet.
        """
        if self._thread is None or os.getpid() != self._pid:
            return
        self.finish()
        self._thread.join()
        atexit.unregister(self.close)
        if self._failure is not None and not self._reported:
            raise self._report() from self._failure

    def _may_go_on(self, step: Step) -> bool:
        has_room = not self._waiting or self._waiting + step.nbytes <= self._queue_bytes
        return has_room or self._failure is not None

    def _wait_for_room(self, step: Step) -> None:
        self.num_waits += 1
        start = time.perf_counter()
        self._changed.wait_for(lambda: self._may_go_on(step))
        self.seconds_waited += time.perf_counter() - start

    def _report(self) -> RecordError:
        self._reported = True
        msg = f"recording has stopped: {self._failure} ({self.num_committed:,} samples are safe)"
        return RecordError(msg)

    def _start(self, layout: Layout) -> threading.Thread:
        atexit.register(self.close)
        # A daemon, as the interpreter waits for all other threads before it calls what atexit holds.
        thread = threading.Thread(target=self._run, args=(layout,), name="sparsey-trace-writer", daemon=True)
        thread.start()
        return thread

    def _run(self, layout: Layout) -> None:
        try:
            writer = self._open_writer(layout)
            try:
                with writer:
                    self._write_all(writer)
            finally:
                self.num_committed = writer.num_committed
        except BaseException as error:  # noqa: BLE001 - whatever it is, the training thread has to hear of it
            with self._changed:
                self._failure = error
                self._changed.notify_all()

    def _write_all(self, writer: TraceWriter) -> None:
        due = time.monotonic() + self._commit_every
        while True:
            is_idle = writer.num_committed == writer.num_samples
            try:
                step = self._queue.get(timeout=None if is_idle else max(0, due - time.monotonic()))
            except queue.Empty:
                pass
            else:
                if step is None:
                    return
                self._write(writer, step)
            if time.monotonic() >= due:
                writer.commit()
                self.num_committed = writer.num_committed
                due = time.monotonic() + self._commit_every

    def _write(self, writer: TraceWriter, step: Step) -> None:
        writer.append(
            inputs=step.inputs,
            codes=step.winners_by_layer(),
            active=step.active_by_layer(),
            phase=step.phase,
            epoch=step.epoch,
            labels=step.labels,
            time=step.time,
        )
        with self._changed:
            self._waiting -= step.nbytes
            self._changed.notify_all()
