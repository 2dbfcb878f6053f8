"""Recording a model: `record` puts the hooks on, `Recorder.close` takes them off again."""

from __future__ import annotations

import operator
import tempfile
import warnings
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from sparsey_trace.errors import DataError, RecordError, TraceError
from sparsey_trace.recording.adapters import find_layers
from sparsey_trace.recording.capture import Capture
from sparsey_trace.recording.pump import Pump
from sparsey_trace.trace.schema import INPUT_KINDS
from sparsey_trace.trace.writer import TraceWriter

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from sparsey_trace.layout import Layout
    from sparsey_trace.recording.adapters import WinnerTakeAll


def record(
    model: nn.Module,
    path: str | os.PathLike[str],
    *,
    config: Mapping[str, Any] | None = None,
    layers: Sequence[WinnerTakeAll] | None = None,
    inputs: str = "auto",
    overwrite: bool = False,
    commit_every: float = 5.0,
    queue_bytes: int = 64 << 20,
) -> Recorder:
    """Record every forward pass of a model into a trace.

    The file is made by the first pass, which says how large an input is. The model computes what it
    would compute unrecorded, and leaves the random state as it would: hooks only look.

    Args:
        model: a torch module: one like sparseypy's or the demo's, or any with `layers`.
        path: the trace to make.
        config: the run's configuration, kept in the trace.
        layers: the layers to record, lowest first, where the model's aren't known by their looks.
        inputs: how the model's input is kept: `auto` (`binary` where the first step is all 0 and 1, else
            `float32`), `binary`, `float32`, `float16` or `none`.
        overwrite: replace an existing file instead of refusing.
        commit_every: seconds: at most what was recorded in these is lost when the process is killed.
        queue_bytes: how much may wait for the disk before a forward pass has to wait too.

    Returns:
        The recorder, to use in a `with` statement or to close.

    Raises:
        RecordError: there is nothing to record in the model, or no layer of a given name.
        TraceError: the file exists, or no file can be made there.
        DataError: `inputs` is none of the above.

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
        msg = f"inputs: expected 'auto' or one of {', '.join(INPUT_KINDS)}, found {inputs!r}"
        raise DataError(msg)
    found = find_layers(model, layers)
    path = Path(path)
    _check_place(path, overwrite=overwrite)

    def open_writer(layout: Layout) -> TraceWriter:
        return TraceWriter(path, layout, config=config, inputs=inputs, overwrite=overwrite)

    pump = Pump(open_writer, queue_bytes=queue_bytes, commit_every=commit_every)
    return Recorder(path, Capture(model, found, deliver=pump.put, keep_inputs=inputs != "none"), pump)


@dataclass(frozen=True, kw_only=True)
class Stats:
    """What a recorder has done so far.

    Attributes:
        steps: forward passes recorded.
        samples: samples in these.
        committed: samples that are safe whatever happens to the process.
        drops: forward passes begun but not recorded: they raised, or were no step.
        bytes: handed to the writer thread, before compression.
        queue_high_water: the most bytes that ever waited for the disk.
        waits: how often a pass waited because the queue was full.
        seconds_waited: for how long, in all.
        seconds: spent by recording on the training thread, waits included.
    """

    steps: int
    samples: int
    committed: int
    drops: int
    bytes: int
    queue_high_water: int
    waits: int
    seconds_waited: float
    seconds: float


class Recorder:
    """A recording under way; made by `record`. Close it, or use it in a `with` statement.

    One forward pass of the model is one step. The rules, where it isn't as plain as that:

    - A pass runs every recorded layer once, lowest first, in the thread that began it; anything else is a
      RecordError, raised by the pass.
    - Layers that run outside a pass of the model (called directly, recomputed in backward) aren't recorded.
    - A pass that raises leaves nothing behind, nor does one that an error of recording ends; the next is clean.
    - A model that calls itself is a RecordError: the inner pass is a step, the outer one can't be.
    - A pass over no samples is no step.
    - The input is the first tensor among the arguments, as it is when the pass begins. Its shape in
      the first pass, without the batch but with ones at the end, is the trace's `input_shape`; later passes
      may arrange the same number of features as they like.
    - Copies of the model (`copy.deepcopy`, pickles, forked processes) aren't recorded.
    - When the disk's side fails, the next pass says so, and the model goes on unrecorded from there.
    - A recorder that is dropped unclosed takes its hooks off, and the file is finished in the background.

    Attributes:
        path: the trace.
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
        capture, pump = self._capture, self._pump
        return Stats(
            steps=capture.num_steps,
            samples=capture.num_samples,
            committed=pump.num_committed,
            drops=capture.num_passes - capture.num_steps,
            bytes=capture.num_bytes,
            queue_high_water=pump.high_water,
            waits=pump.num_waits,
            seconds_waited=pump.seconds_waited,
            seconds=capture.seconds,
        )

    def close(self) -> None:
        """Take the hooks off, write what waits and close the trace. Doing so again does nothing.

        Without a single step there is no trace, and a warning says so.

        Raises:
            RecordError: the writer thread failed, and no forward pass has said so.
        """
        if self._dropped.alive:
            self._stop()
            if not self._capture.num_steps:
                msg = f"{self.path}: no trace was made: no forward pass of the model was recorded"
                warnings.warn(msg, stacklevel=2)

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
        state = "on" if self._dropped.alive else "closed"
        done = f"{self._capture.num_samples:,} samples, {self._capture.num_steps:,} steps"
        return f"<Recorder {self.path}: {done}, {state}>"

    def _stop(self) -> None:
        self._dropped.detach()
        self._capture.detach()
        self._pump.close()


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
