"""Recording a model: `record` puts the hooks on, `Recorder.close` takes them off again."""

from __future__ import annotations

import operator
import tempfile
import warnings
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from sparsey_trace.errors import DataError, RecordError, RecordWarning, TraceError
from sparsey_trace.layout import PHASES
from sparsey_trace.recording.capture import Capture
from sparsey_trace.recording.layer_choice import choose_layers
from sparsey_trace.recording.model.wrappers import compile_hint, unwrapped
from sparsey_trace.recording.queue.policy import Policy
from sparsey_trace.recording.queue.writer_thread import Pump
from sparsey_trace.recording.run_files import find_place
from sparsey_trace.recording.sampling import Sampling
from sparsey_trace.recording.stats import Stats
from sparsey_trace.support.suggest import unknown
from sparsey_trace.trace.format.schema import INPUT_KINDS
from sparsey_trace.trace.writing.writer import TraceWriter

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Mapping, Sequence
    from types import TracebackType

    from sparsey_trace.layout import Layout
    from sparsey_trace.recording.adapters.winner_take_all import WinnerTakeAll


def record(
    model: nn.Module,
    path: str | os.PathLike[str],
    *,
    config: Mapping[str, Any] | None = None,
    layers: Sequence[WinnerTakeAll | str] | None = None,
    every: int = 1,
    phases: Collection[str] = PHASES,
    predicate: Callable[[int, str, int], bool] | None = None,
    inputs: str = "auto",
    overwrite: bool = False,
    resume: bool = False,
    commit_every: float = 5.0,
    commit_samples: int | None = None,
    durable: bool = False,
    queue_bytes: int = 64 << 20,
    on_full: str = "block",
    on_error: str = "warn",
) -> Recorder:
    """Record the forward passes of a model into a trace: all of them, or those that are asked for.

    The file is made by the first pass, which says how large an input is. The model computes what it
    would compute unrecorded, and leaves the random state as it would: hooks only look.

    Args:
        model: a torch module: one like sparseypy's or the demo's, or any with `layers`; it may be wrapped by
            DistributedDataParallel or torch.compile, but has to be recorded before it first runs compiled.
        path: the trace to make. Each of several ranks of torch.distributed makes its own, `run.rank0.h5` and so on.
        config: the run's configuration, kept in the trace.
        layers: names of the layers to record, where not all are wanted; or the layers themselves, lowest first,
            where they aren't known by their looks.
        every: record steps whose number is a multiple of this.
        phases: record steps of these phases only.
        predicate: asked `(step, phase, epoch)` as a pass begins that the two above agree to; it is recorded if the
            answer is true. A pass that isn't recorded costs next to nothing.
        inputs: how the model's input is kept: `auto` (`binary` where the first step is all 0 and 1, else
            `float32`), `binary`, `float32`, `float16` or `none`.
        overwrite: replace an existing file instead of refusing.
        resume: go on with the run that is there, in another file: `run.1.h5` behind `run.h5`, and so on. Steps and
            samples are numbered on from the last commit. Where nothing is there, the run begins.
        commit_every: seconds: at most what was written in these is lost when the process is killed, and what
            still waits for the disk.
        commit_samples: commit also after so many samples.
        durable: whether commits survive a loss of power too; each then waits for the disk.
        queue_bytes: how much may wait for the disk.
        on_full: what a pass does when that much waits: `block` until there is room; `drop` its step, whole, whose
            number the trace then names; or raise an `error`, after which the next pass may be recorded again.
        on_error: when the trace can't be written any more: `warn` once, with a RecordWarning, and let training go on
            unrecorded; or `raise` a RecordError from the next pass. What was committed stays readable.

    Returns:
        The recorder, to use in a `with` statement or to close.

    Raises:
        RecordError: there is nothing to record in the model, or no layer of a given name.
        TraceError: the file exists, or no file can be made there; or the one to resume is still written, or damaged.
        DataError: `inputs` is none of the above.
        UsageError: another argument is none that could be.

    >>> import tempfile, torch
    >>> from sparsey_trace.recording import WinnerTakeAll, record
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Hardtanh(0, 1))
    >>> pooled = WinnerTakeAll("1", num_macs=1, num_cms=2, num_neurons=3)
    >>> with record(model, tempfile.mkdtemp() + "/run.h5", layers=[pooled]) as rec:
    ...     output = model(torch.tensor([[[0, 0, 1], [0, 1, 0]]]))
    >>> rec.stats().samples
    1
    """
    if not isinstance(model, nn.Module):
        msg = f"model: expected a torch.nn.Module, found {type(model).__name__}"
        raise RecordError(msg)
    if inputs not in ("auto", *INPUT_KINDS):
        raise DataError(unknown("inputs", inputs, ("auto", *INPUT_KINDS)))
    model = unwrapped(model)
    choice = choose_layers(model, layers)
    sampling = Sampling(every=every, phases=phases, predicate=predicate)
    policy = Policy(
        queue_bytes=queue_bytes,
        on_full=on_full,
        on_error=on_error,
        commit_every=commit_every,
        commit_samples=commit_samples,
    )
    place = find_place(Path(path), inputs=inputs, resume=resume, overwrite=overwrite)
    _check_place(place.path, overwrite=overwrite)

    def open_writer(layout: Layout) -> TraceWriter:
        return TraceWriter(
            place.path,
            layout,
            config=config,
            inputs=place.inputs,
            overwrite=overwrite,
            durable=durable,
            sampling=sampling.describe(left_out=choice.left_out),
            part=place.part,
        )

    pump = Pump(place.path, open_writer, policy)
    capture = Capture(model, choice, sampling=sampling, pump=pump, place=place)
    return Recorder(place.path, capture, pump)


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
      the first pass, without the batch but with ones at the end, is the trace's `input_shape`; later passes
      may arrange the same number of features as they like.
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

    def __init__(self, path: Path, capture: Capture, pump: Pump) -> None:
        """Watch over hooks that are on, and the pump that they feed."""
        self.path = path
        self._capture, self._pump = capture, pump
        self._dropped = weakref.finalize(self, _end, capture, pump)
        self._dropped.atexit = False  # the pump sees to that, and waits for the thread

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
        capture, pump, backlog = self._capture, self._pump, self._pump.backlog
        return Stats(
            steps=capture.num_steps,
            samples=capture.num_samples,
            committed=pump.num_committed,
            unrecorded=capture.num_passes - capture.num_steps,
            left_out=capture.num_left_out,
            drops=backlog.num_drops,
            bytes=capture.num_bytes,
            queue_high_water=backlog.high_water,
            waits=backlog.num_waits,
            seconds_waited=backlog.seconds_waited,
            seconds=capture.seconds,
        )

    def commit(self) -> None:
        """Wait until everything recorded so far is safe, whatever happens to the process.

        Raises:
            RecordError: it can't be made safe, because the trace can't be written any more; whatever `on_error` is.
        """
        self._pump.commit()

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
        state = "closed" if not self._dropped.alive else "stopped" if self._pump.has_failed else "on"
        done = f"{self._capture.num_samples:,} samples, {self._capture.num_steps:,} steps"
        return f"<Recorder {self.path}: {done}, {state}>"

    def _stop(self) -> None:
        self._dropped.detach()
        self._capture.detach()
        self._pump.close()
        self._capture.report_faults()


def _end(capture: Capture, pump: Pump) -> None:
    """Called when a recorder is garbage: perhaps in the midst of anything, so it waits for nothing."""
    capture.detach()
    pump.finish()


def _check_place(path: Path, *, overwrite: bool) -> None:
    """Say before training starts what would otherwise fail in its first step."""
    if path.is_dir() or (path.exists() and not overwrite):
        found = "a folder" if path.is_dir() else "one"
        msg = f"{path}: expected no file there, found {found}; choose another name or pass overwrite=True"
        raise TraceError(msg)
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        msg = f"{path}: expected a folder that files can be made in, found: {error}"
        raise TraceError(msg) from error
