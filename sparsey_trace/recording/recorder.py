"""A recording under way: what its user sees of it, and how it ends."""

from __future__ import annotations

import contextlib
import operator
import weakref
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import RecordError
from sparsey_trace.layout import MARKS
from sparsey_trace.recording import live
from sparsey_trace.recording.model.unseen import WAYS
from sparsey_trace.recording.model.wrappers import compile_hint
from sparsey_trace.recording.stats import Stats
from sparsey_trace.support.interrupts import uninterrupted
from sparsey_trace.support.suggest import hint
from sparsey_trace.support.telling import tell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from sparsey_trace.recording.capture import Capture
    from sparsey_trace.recording.queue.writer_thread import WriterThread


class Recorder:
    """A recording under way; made by `record`. Close it, or use it in a `with` statement.

    One forward pass of the model is one step. The rules, where it isn't as plain as that:

    - A pass runs every recorded layer once, in the thread that began it; with `calls="last"` at least once; with
      `calls="each"` as often as every other: each call is a moment, whose samples stand behind those of the call
      before, with the pass's input (or the moment's own, as `input` says) and its labels, ids and sequences.
    - Layers that run outside a pass of the model (called directly, recomputed in backward) aren't recorded.
    - A pass that raises leaves nothing behind; the next is clean.
    - A model that calls itself: the inner pass is a step, the outer one can't be.
    - A pass over no samples leaves nothing in the trace.
    - The input is the first tensor among the arguments, in the order in which the model names them, as it is when
      the pass begins, behind all other hooks; or what `input` says. Its shape in the first pass, without the batch but
      with ones at the end, is the trace's `input_shape` (but rows x columns where sparseypy's spring generation is fed
      [B, rows, columns, 1, 1]); later passes may arrange the same number of features as they like.
    - A layer's output is what the model went on with, whatever hooks were added, and when.
    - A step's number counts the passes that were completed before it, recorded or not; those that raise don't count.
    - Which passes are recorded is settled as they begin. Labels and ids of a pass that isn't are used up all the same.
    - What makes a step that can't be recorded (`on_bad_step`) is told and its number named in the trace.
    - A layer whose lower neighbours aren't recorded is wired, in the trace, to what these listen to.
    - Copies of the model (`copy.deepcopy`, pickles, forked processes) aren't recorded, nor passes under torch.func,
      torch.export and the like, which is told once. Where the model holds the recorder, its copies hold None.
    - When the trace can't be written any more, the next pass says so (`on_error`), and the model goes on
      unrecorded from there.
    - What is wrong with a pass (labels, shapes, a layer that didn't run) is said as it ends. The writer thread looks at
      values, many steps at a time: a nan, a tie or a CM without a winner is told by the next pass behind that, mostly
      within a second, or by `close`; the step isn't in the trace, though it has a number. Until a step was
      recorded, and with `on_bad_step="raise"`, each pass looks at its own values and raises what it finds; but not on
      a CUDA device, for whose values nothing waits.
    - A recorder that nobody holds goes on until its model or the process ends, and its file is finished then.

    Attributes:
        path: the trace, under the name that its rank and the resume give it.
    """

    def __init__(self, path: Path, capture: Capture, writer_thread: WriterThread) -> None:
        """Watch over hooks, and the writer thread that they feed; `start` puts the hooks on."""
        self.path = path
        self._capture, self._writer_thread = capture, writer_thread
        self._is_closed = False
        capture.holder = self
        # Nothing in what is called leads to the model, so that model, hooks and recorder may be garbage together.
        self._dropped = weakref.finalize(self, writer_thread.finish)
        self._dropped.atexit = False  # `live` sees to that, and waits
        live.enter(self, writer_thread)

    def start(self) -> None:
        """Put the hooks on; `record` has done so."""
        self._capture.attach()

    def __reduce__(self) -> tuple[Any, ...]:
        """In copies and pickles of what holds it, such as the model, None: these aren't recorded, but must be made."""
        return (type(None), ())

    def __setattr__(self, name: str, value: Any) -> None:
        """Set what there is: a name that is misspelt would have no effect.

        Raises:
            AttributeError: there is no such name.
        """
        if not (name.startswith("_") or name in _SETTABLE):
            known = ", ".join(_SETTABLE[1:])
            msg = f"a recorder has no {name!r} to set; expected one of {known}{hint(name, _SETTABLE)}"
            raise AttributeError(msg, name=name, obj=self)
        super().__setattr__(name, value)

    @property
    def epoch(self) -> int:
        """The epoch of the passes from now on; 0 until it is set."""
        return self._capture.epoch

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        try:
            number = operator.index(epoch)
        except TypeError:
            number = -1
        if number < 0:
            msg = f"epoch: expected a whole number of 0 or more, found {epoch!r}"
            raise RecordError(msg)
        self._capture.epoch = number

    @property
    def labels(self) -> Any:
        """[B] whole numbers, of the next forward pass, which takes them; any array, tensor or list."""
        return self._capture.marks.get("labels")

    @labels.setter
    def labels(self, labels: Any) -> None:
        self.set_labels(labels)

    @property
    def ids(self) -> Any:
        """[B] whole numbers, of the next forward pass, which takes them: which sample of the dataset each one is."""
        return self._capture.marks.get("ids")

    @ids.setter
    def ids(self, ids: Any) -> None:
        self._mark("ids", ids, keep=False)

    @property
    def sequence(self) -> Any:
        """[B] whole numbers, or one for all, of the next forward pass, which takes them: the samples' sequences."""
        return self._capture.marks.get("sequence")

    @sequence.setter
    def sequence(self, sequence: Any) -> None:
        self._mark("sequence", sequence, keep=False)

    @property
    def moment(self) -> Any:
        """[B] whole numbers, or one for all, of the next forward pass, which takes them: places in the sequences."""
        return self._capture.marks.get("moment")

    @moment.setter
    def moment(self, moment: Any) -> None:
        self._mark("moment", moment, keep=False)

    def set_labels(self, labels: Any, *, keep: bool = False) -> None:
        """Set the labels of the next forward pass, or of all that follow.

        Args:
            labels: [B] whole numbers; any array, tensor or list; None where there are none.
            keep: whether they stay until they are set anew, for a model that sees the same samples in several
                passes, as the two halves of a siamese net or a GAN's discriminator.
        """
        self._mark("labels", labels, keep=keep)

    def _mark(self, name: str, given: Any, *, keep: bool) -> None:
        # A dictionary of its own each time, as a pass keeps the one that it began with.
        capture = self._capture
        if name == "moment" and given is not None and capture.has_moments:
            msg = "moment: expected none with calls='each', which numbers the calls of layers, found some"
            raise RecordError(msg)
        others = {other: found for other, found in capture.marks.items() if other != name}
        capture.marks = others if given is None else others | {name: given}
        capture.kept = capture.kept - {name} | ({name} if keep and given is not None else set())

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """In a `with` statement: passes of the model aren't steps there, and take no labels or numbers.

        For dry runs, tracing, export, and whatever else isn't the run.
        """
        before, self._capture.is_paused = self._capture.is_paused, True
        try:
            yield
        finally:
            self._capture.is_paused = before

    @property
    def error(self) -> str | None:
        """What has stopped the recording, in one line; None where nothing has."""
        return self._writer_thread.error

    @property
    def is_closed(self) -> bool:
        """Whether the hooks are off, and the file is done with."""
        return self._is_closed

    def stats(self) -> Stats:
        """What was done so far, and what it cost."""
        capture, queue, writer_thread = self._capture, self._writer_thread.queue, self._writer_thread
        tally = writer_thread.tally
        is_lost = writer_thread.has_failed
        steps = writer_thread.num_committed_steps if is_lost else capture.queued.steps
        return Stats(
            passes=tally.passes,
            steps=steps,
            samples=writer_thread.num_committed if is_lost else capture.queued.samples,
            committed=writer_thread.num_committed,
            unrecorded=tally.passes - steps,
            left_out=tally.left_out,
            refused=capture.bad_steps.count,
            drops=queue.num_drops,
            lost=capture.queued.steps - steps + tally.lost,
            bytes=capture.queued.nbytes,
            queue_high_water=queue.high_water,
            waits=queue.num_waits,
            seconds_waited=queue.seconds_waited,
            seconds=capture.seconds,
            error=self.error,
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
        if self._is_closed:
            return
        self._stop()
        if not self._capture.queued.steps and self.error is None:
            tell(f"{self.path}: no trace was made: no forward pass of the model was recorded{self._hint()}")

    def __enter__(self) -> Recorder:
        """The recorder itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; an error of the body stays the one that is raised."""
        try:
            if error is None:
                self.close()
            else:
                self._stop_behind(error)
        except (
            BaseException
        ):  # Ctrl-C: whatever it kept from being done, the hooks are off behind a `with` statement
            self._take_off()
            raise

    def __repr__(self) -> str:
        """One line: where, and how far."""
        stats = self.stats()
        state = "stopped" if stats.error else "closed" if self.is_closed else "on"
        done = f"{stats.samples:,} samples, {stats.steps:,} steps"
        lost = f", {stats.lost:,} passes lost" if stats.lost else ""
        refused = f", {stats.refused:,} left out as bad" if stats.refused else ""
        why = f" ({stats.error})" if stats.error else ""
        return f"<Recorder {self.path}: {done}{lost}{refused}, {state}{why}>"

    def _hint(self) -> str:
        """What may be the reason why no pass was recorded."""
        capture, tally = self._capture, self._writer_thread.tally
        if why := capture.bad_steps.last:
            return f": {why}"
        if tally.left_out:
            return f": every, phases or a predicate left out {tally.left_out:,} of {tally.passes:,}"
        if steps := 0 if tally.passes else capture.unseen.count:
            return f", though an optimizer moved it in {steps} steps: {WAYS}"
        if capture.has_told:
            return ", as was told"
        if tally.passes:
            return f": of {tally.passes:,} that began none ended with samples"
        return f"{compile_hint()}; if another one ran, such as a copy that a trainer made, record that one"

    def _stop_behind(self, error: BaseException) -> None:
        try:
            self._stop()
        except RecordError as failure:
            error.add_note(str(failure))

    def _stop(self) -> None:
        if self._is_closed:
            return
        self._take_off()
        self._writer_thread.wait()
        self._dropped.detach()
        live.forget(self.path)
        self._is_closed = True
        self._writer_thread.close()
        self._capture.report_refused()
        self._capture.bad_steps.summarise()

    def _take_off(self) -> None:
        """Let no more passes be steps, and the writer thread come to its end; wait for nothing."""
        with uninterrupted():
            self._capture.detach()
            self._writer_thread.finish()


_SETTABLE = ("path", "epoch", *MARKS)
"""Names that `record` and users set."""
