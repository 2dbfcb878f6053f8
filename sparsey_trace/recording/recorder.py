"""A recording under way: what its user sees of it, and how it ends."""

from __future__ import annotations

import operator
import warnings
import weakref
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import RecordError, RecordWarning
from sparsey_trace.recording.model.wrappers import compile_hint
from sparsey_trace.recording.stats import Stats

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from sparsey_trace.recording.capture import Capture
    from sparsey_trace.recording.queue.writer_thread import WriterThread


class Recorder:
    """A recording under way; made by `record`. Close it, or use it in a `with` statement.

    One forward pass of the model is one step. The rules, where it isn't as plain as that:

    - A pass runs every recorded layer once, lowest first, in the thread that began it; anything else is a
      RecordError, raised by the pass.
    - Layers that run outside a pass of the model (called directly, recomputed in backward) aren't recorded.
    - A pass that raises leaves nothing behind, nor does one that an error of recording ends; the next is clean.
    - A model that calls itself is a RecordError: the inner pass is a step, the outer one can't be.
    - A pass over no samples leaves nothing in the trace.
    - The input is the first tensor among the arguments, as it is when the pass begins. Its shape in
      the first pass, without the batch but with ones at the end, is the trace's `input_shape` (but rows x columns
      where sparseypy's spring generation is fed [B, rows, columns, 1, 1]); later passes may arrange the same
      number of features as they like.
    - A step's number counts the passes that were completed before it, recorded or not; those that raise don't count.
    - Which passes are recorded is settled as they begin. Labels of a pass that isn't are used up all the same.
    - A layer whose lower neighbours aren't recorded is wired, in the trace, to what these listen to.
    - Copies of the model (`copy.deepcopy`, pickles, forked processes) aren't recorded.
    - When the trace can't be written any more, the next pass says so (`on_error`), and the model goes on
      unrecorded from there.
    - On a CUDA device nothing waits for the values of a pass. An error in them is raised by a later pass or by `close`;
      the step isn't in the trace, though it has a number.
    - A recorder that is dropped unclosed takes its hooks off, and the file is finished in the background.

    Attributes:
        path: the trace, under the name that its rank and the resume give it.
    """

    def __init__(self, path: Path, capture: Capture, writer_thread: WriterThread) -> None:
        """Watch over hooks that are on, and the writer thread that they feed."""
        self.path = path
        self._capture, self._writer_thread = capture, writer_thread
        self._dropped = weakref.finalize(self, _end, capture, writer_thread)
        self._dropped.atexit = False  # the writer thread sees to that, and is waited for

    @property
    def epoch(self) -> int:
        """The epoch of the passes from now on; 0 until it is set."""
        return self._capture.epoch

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        if operator.index(epoch) < 0:
            msg = f"epoch: expected a whole number of 0 or more, found {epoch!r}"
            raise RecordError(msg)
        self._capture.epoch = operator.index(epoch)

    @property
    def labels(self) -> Any:
        """[B] whole numbers, of the next forward pass, which takes them; any array, tensor or list."""
        return self._capture.labels

    @labels.setter
    def labels(self, labels: Any) -> None:
        self._capture.labels = labels

    def stats(self) -> Stats:
        """What was done so far, and what it cost."""
        capture, queue = self._capture, self._writer_thread.queue
        return Stats(
            steps=capture.num_steps,
            samples=capture.num_samples,
            committed=self._writer_thread.num_committed,
            unrecorded=capture.num_passes - capture.num_steps,
            left_out=capture.num_left_out,
            drops=queue.num_drops,
            bytes=capture.num_bytes,
            queue_high_water=queue.high_water,
            waits=queue.num_waits,
            seconds_waited=queue.seconds_waited,
            seconds=capture.seconds,
        )

    def commit(self) -> None:
        """Wait until everything recorded so far is safe, whatever happens to the process.

        Raises:
            RecordError: it can't be made safe, because the trace can't be written any more; whatever `on_error` is.
        """
        self._writer_thread.commit()

    def close(self) -> None:
        """Take the hooks off, write what waits and close the trace. Doing so again does nothing.

        Without a single step there is no trace, and a warning says so.

        Raises:
            RecordError: the trace couldn't be written, and no forward pass has said so; where `on_error` is `warn`,
                it is a warning.
        """
        if self._dropped.alive:
            self._stop()
            if not self._capture.num_steps:
                msg = f"{self.path}: no trace was made: no forward pass of the model was recorded{compile_hint()}"
                warnings.warn(msg, RecordWarning, stacklevel=2)

    def __enter__(self) -> Recorder:
        """The recorder itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; an error of the body stays the one that is raised."""
        if error is None:
            self.close()
            return
        try:
            self._stop()
        except RecordError as failure:
            error.add_note(str(failure))

    def __repr__(self) -> str:
        """One line: where, and how far."""
        state = "closed" if not self._dropped.alive else "stopped" if self._writer_thread.has_failed else "on"
        done = f"{self._capture.num_samples:,} samples, {self._capture.num_steps:,} steps"
        return f"<Recorder {self.path}: {done}, {state}>"

    def _stop(self) -> None:
        self._dropped.detach()
        self._capture.detach()
        self._writer_thread.close()
        self._capture.report_refused()


def _end(capture: Capture, writer_thread: WriterThread) -> None:
    """Called when a recorder is garbage: perhaps in the midst of anything, so it waits for nothing."""
    capture.detach()
    writer_thread.finish()
