"""`record`: everything that a recording takes, checked and put together."""

from __future__ import annotations

import contextlib
import tempfile
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from sparsey_trace.errors import DataError, RecordError, TraceError
from sparsey_trace.layout import PHASES
from sparsey_trace.recording import live
from sparsey_trace.recording.bad_steps import ON_BAD_STEP, BadSteps
from sparsey_trace.recording.capture import CALLS, Capture
from sparsey_trace.recording.layer_choice import choose_layers
from sparsey_trace.recording.layer_values import LayerValues
from sparsey_trace.recording.model.wrappers import unwrapped
from sparsey_trace.recording.model_input import ModelInput
from sparsey_trace.recording.queue.policy import Policy, check_choice
from sparsey_trace.recording.queue.writer_thread import WriterThread
from sparsey_trace.recording.recorder import Recorder
from sparsey_trace.recording.run_files import find_run_file
from sparsey_trace.recording.sampling import Sampling
from sparsey_trace.support.interrupts import uninterrupted
from sparsey_trace.support.own_files import why_not_made
from sparsey_trace.support.suggest import unknown
from sparsey_trace.support.user_path import user_path
from sparsey_trace.trace.format.config import config_text
from sparsey_trace.trace.format.schema import INPUT_KINDS
from sparsey_trace.trace.paths import lock_path
from sparsey_trace.trace.writing.lock import WriterLock
from sparsey_trace.trace.writing.writer import TraceWriter

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from sparsey_trace.layout import Layout
    from sparsey_trace.recording.layer_choice import LayersWanted
    from sparsey_trace.recording.layer_values import ReadValue
    from sparsey_trace.recording.model_input import Chosen
    from sparsey_trace.recording.run_files import RunFile


def record(
    model: nn.Module,
    path: str | os.PathLike[str],
    *,
    config: Any = None,
    layers: LayersWanted = None,
    input: Chosen = None,
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
    on_bad_step: str = "auto",
    calls: str = "once",
    values: Mapping[str, ReadValue] | None = None,
) -> Recorder:
    """Record the forward passes of a model into a trace: all of them, or those that are asked for.

    The file is made by the first pass, which says how large an input is. The model computes what it
    would compute unrecorded, and leaves the random state as it would: hooks only look.

    Args:
        model: a torch module: one like sparseypy's or the demo's, or any with `layers`; it may be wrapped by
            DistributedDataParallel or torch.compile, but has to be recorded before it first runs compiled.
        path: the trace to make. Each of several ranks of torch.distributed makes its own, `run.rank0.h5` and so on.
        config: the run's configuration, kept in the trace: a mapping, a dataclass, an argparse.Namespace, or an
            object of OmegaConf or ml_collections.
        layers: names of the layers to record, where not all are wanted; or the layers themselves, lowest first,
            where they aren't known by their looks: each a `WinnerTakeAll`, or an adapter of your own with a name. One,
            or several.
        input: which of the model's arguments is its input: a name, a position, or a function `(args, kwargs)` to a
            tensor; by default the first real tensor, also within a mapping or a list.
        every: record steps whose number is a multiple of this.
        phases: record steps of these phases only.
        predicate: asked `(step, phase, epoch)` as a pass begins that the two above agree to; it is recorded if the
            answer is true. A pass that isn't recorded costs next to nothing.
        inputs: how the model's input is kept: `auto` (bits while all are 0 and 1, and more as it takes more to keep
            whatever comes exactly; float64 as float32, unless some are too small or too large for it), `binary`,
            `uint8`, `int32`, `int64`, `float16`, `float32`, `float64` or `none`.
        overwrite: replace an existing file instead of refusing, and what `resume` has put behind it.
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
        on_bad_step: with a step that can't be recorded, such as one with a nan, a tie or a skipped layer: `raise` a
            RecordError out of the pass; `warn`, with a RecordWarning, and leave the step out; or `skip` it without a
            warning. By default, `auto`, raise until a step was recorded, as the set-up may be wrong, and warn from then
            on. The trace names what was left out.
        calls: how often a layer may run in a pass: `once`; or several times, of which the `last` is recorded; or
            `each`, with samples of its own, whose `moment` is the call's number: those of B inputs are the B samples of
            the first call, then the B of the second, and so on. An `input` that is a function may then give a list: an
            input for each call.
        values: further values of each MAC, such as its familiarity: a name to a function of a layer and its output that
            gives [B, M] numbers, kept as float32, nan where there is none; or None for a layer that has no such value.

    Returns:
        The recorder, to use in a `with` statement or to close.

    Raises:
        RecordError: there is nothing to record in the model, or no layer of a given name.
        TraceError: the file exists, somebody writes there, or no file can be made there; or the one to resume is still
            written, or damaged. A recorder of this process is named; with `overwrite` or `resume` it is closed first.
        DataError: `inputs` is none of the above, or `config` is nothing that JSON can say, or nested more than 100
            deep.
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
    _check_arguments(model, inputs)
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
    check_choice(on_bad_step, "on_bad_step", ON_BAD_STEP)
    check_choice(calls, "calls", CALLS)
    model_input, layer_values = ModelInput(model, input), LayerValues(values)
    config_text(config or {})  # said here, not by the writer in the first step
    path = user_path(path)
    run_file = find_run_file(path, inputs=inputs, resume=resume, overwrite=overwrite)
    run_file.check_values(layer_values.names)
    _check_writable(run_file.path, overwrite=overwrite)
    options = {
        "config": config,
        "inputs": run_file.inputs,
        "overwrite": overwrite,
        "durable": durable,
        "sampling": sampling.describe(left_out=choice.left_out),
        "part": run_file.part,
    }
    recorder = None
    try:
        with uninterrupted(), _lock(run_file.path) as lock:
            open_writer = partial(_open_writer, run_file, {**options, "lock": lock})
            writer_thread = WriterThread(run_file.path, open_writer, policy, lock=lock)
            capture = Capture(
                model,
                choice,
                model_input=model_input,
                sampling=sampling,
                bad_steps=BadSteps(on_bad_step, run_file.path),
                values=layer_values,
                calls=calls,
                writer_thread=writer_thread,
                run_file=run_file,
            )
            recorder = Recorder(run_file.path, capture, writer_thread)
            recorder.start()
            run_file.meeting.leave()
        return recorder
    except BaseException as error:  # Ctrl-C too leaves no hook, and no lock
        if recorder is not None:
            recorder.__exit__(type(error), error, None)
        raise


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[WriterLock]:
    """The right to write to a path, for whoever takes it over; given back where nobody does."""
    lock = WriterLock.acquire(path)
    try:
        yield lock
    except BaseException:
        lock.release()
        raise


def _open_writer(run_file: RunFile, options: Mapping[str, Any], layout: Layout) -> TraceWriter:
    writer = TraceWriter(run_file.path, layout, **options)
    for path in run_file.stale:
        path.unlink(missing_ok=True)
    return writer


def _check_arguments(model: object, inputs: str) -> None:
    if isinstance(model, torch.jit.ScriptModule):
        msg = (
            f"model: expected a torch.nn.Module, found {type(model).__name__}, which torch.jit made and which "
            "calls no hooks; record the module that it was made from"
        )
        raise RecordError(msg)
    if not isinstance(model, nn.Module):
        msg = f"model: expected a torch.nn.Module, found {type(model).__name__}"
        raise RecordError(msg)
    if inputs not in ("auto", *INPUT_KINDS):
        raise DataError(unknown("inputs", inputs, ("auto", *INPUT_KINDS)))


def _check_writable(path: Path, *, overwrite: bool) -> None:
    """Say before training starts what would otherwise fail in its first step."""
    if (recorder := live.recorder_of(path)) is not None:
        msg = (
            f"{path}: expected no recording there, found one of this process under way: {recorder!r}; close it, choose "
            "another name, or pass overwrite=True to close it and begin anew"
        )
        raise TraceError(msg)
    try:
        for beside in (path, lock_path(path)):
            with contextlib.suppress(FileNotFoundError):
                beside.lstat()  # some names are too long
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        msg = f"{path}: expected a folder that files can be made in, found: {why_not_made(path, error)}"
        raise TraceError(msg) from error
    if path.is_dir() or (path.exists() and not overwrite):
        found = (
            "a folder; choose another name"
            if path.is_dir()
            else "one; choose another name, pass resume=True to go on with it, or overwrite=True to replace it"
        )
        msg = f"{path}: expected no file there, found {found}"
        raise TraceError(msg)
