"""Writing a trace: append steps, commit, close. Needs no torch.

The order of writes is what makes a trace sound at every moment; `docs/trace-format.md` has the
protocol and the reasons.
"""

from __future__ import annotations

import contextlib
import time as clock
from functools import partial
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import DataError, TraceError
from sparsey_trace.support.interrupts import uninterrupted
from sparsey_trace.support.suggest import unknown
from sparsey_trace.support.user_path import user_path
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.config import config_text
from sparsey_trace.trace.format.drops import checked_drops, checked_step
from sparsey_trace.trace.format.encode import encode_steps
from sparsey_trace.trace.format.head import write_head
from sparsey_trace.trace.format.kept_inputs import KeptInputs
from sparsey_trace.trace.format.losses import check_losses
from sparsey_trace.trace.format.numbers import as_numbers
from sparsey_trace.trace.format.run_part import RunPart
from sparsey_trace.trace.format.trace_origin import TraceOrigin
from sparsey_trace.trace.format.values import names_by_layer
from sparsey_trace.trace.writing.file_under_way import FileUnderWay, writing_to
from sparsey_trace.trace.writing.lock import WriterLock
from sparsey_trace.trace.writing.new_file import NewFile

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType

    from numpy.typing import ArrayLike

    from sparsey_trace.layout import Layout
    from sparsey_trace.trace.writing.sample_buffer import SampleBuffer

    Names = tuple[tuple[str, ...], ...]
    """By layer, the names of further values."""


class TraceWriter:
    """Writes one run into a new trace.

    The file appears under its name with the first step, as soon as it can be opened; nobody ever sees one that can't.
    When it can't be written any more, the writer says so once and gives up: what was committed stays readable.

    Args:
        path: the file to make.
        layout: the model.
        config: the run's configuration: a mapping, a dataclass, an argparse.Namespace, or an object of OmegaConf or
            ml_collections. What JSON doesn't know is kept as text.
        inputs: how inputs are kept: `binary` (packed bits), `uint8`, `int32`, `int64`, `float16`, `float32`, `float64`
            or `none`; or `auto`: binary while all are 0 or 1, and whatever more it takes to hold all of them exactly as
            other ones come (float64 as float32, where that holds them). The file is then made anew, with what it held.
        overwrite: replace an existing file instead of refusing.
        durable: whether a commit waits until the disk has what was written, so that it survives a loss of power.
        sampling: what is recorded, where not everything is; see `Trace.sampling`.
        part: which part of a run this is.
        lock: the right to write to the path, which passes to the writer; by default it takes it itself.
        origin: where the trace comes from; by default from this machine, now.

    Raises:
        TraceError: the file exists or another writer is at it, or none can be made there.
        DataError: `inputs` is none of the above, or `config` isn't a mapping from names, or is more than 100 deep.

    >>> import tempfile, numpy as np
    >>> from sparsey_trace import Layout, LayerLayout, TraceWriter, open_trace
    >>> v1 = LayerLayout(name="v1", num_macs=1, num_cms=2, num_neurons=3, connections=[[0, 1]])
    >>> path = tempfile.mkdtemp() + "/run.h5"
    >>> with TraceWriter(path, Layout(num_features=2, layers=[v1])) as writer:
    ...     writer.append(inputs=[[0, 1]], codes=[[[[2, 0]]]], active=[[[True]]], phase="train")
    >>> open_trace(path).layers[0].codes[0]
    array([[2, 0]], dtype=uint8)
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        layout: Layout,
        *,
        config: Any = None,
        inputs: str = "auto",
        overwrite: bool = False,
        durable: bool = False,
        sampling: Mapping[str, Any] | None = None,
        part: RunPart | None = None,
        lock: WriterLock | None = None,
        origin: TraceOrigin | None = None,
    ) -> None:
        """Make the file; see the class for the arguments."""
        if inputs not in ("auto", *schema.INPUT_KINDS):
            raise DataError(unknown("inputs", inputs, ("auto", *schema.INPUT_KINDS)))
        self.path = user_path(path)
        self.layout = layout
        self.num_samples = 0
        self.num_committed = self.num_committed_steps = 0
        self.num_steps = 0
        part = part or RunPart()
        self._last_step = part.first_step - 1
        self._inputs, self._durable, self._num_ranks = KeptInputs(inputs), durable, part.num_ranks
        self._value_names: Names | None = None
        self._file: FileUnderWay | None = None
        self._end = ""
        text = config_text(config or {})
        self._lock = lock or WriterLock.acquire(self.path)
        try:
            self._write_head = partial(
                write_head,
                layout=layout,
                config=text,
                sampling=sampling or {},
                part=part,
                origin=origin or TraceOrigin.here(),
            )
            self._new = self._new_file(overwrite=overwrite)
        except BaseException:
            self._lock.release()
            raise

    def append(
        self,
        *,
        inputs: ArrayLike | None,
        codes: Sequence[ArrayLike],
        active: Sequence[ArrayLike],
        phase: str,
        epoch: int = 0,
        labels: ArrayLike | None = None,
        ids: ArrayLike | None = None,
        sequence: ArrayLike | None = None,
        moment: ArrayLike | None = None,
        values: Mapping[str, Sequence[ArrayLike | None]] | None = None,
        step: int | None = None,
        time: float | None = None,
    ) -> None:
        """Take in one step: the B samples of one forward pass. Arrays may be reused afterwards.

        Args:
            inputs: [B, D], or `[B, *input_shape]`; None only where the trace keeps no inputs.
            codes: per layer [B, M, Q] whole numbers, the winners; ignored where a MAC is silent.
            active: per layer [B, M] booleans.
            phase: `train` or `eval`.
            epoch: the epoch's number.
            labels: [B] whole numbers, `NO_LABEL` where unknown; or None where all are. So are the next three.
            ids: [B] whole numbers, such as the samples' places in their dataset; or None.
            sequence: [B] whole numbers, or one for all: the sequence that a sample belongs to; or None.
            moment: [B] whole numbers, or one for all: a sample's place in its sequence; or None.
            values: further values of MACs, such as their familiarity: a name to a list with, per layer, [B, M] numbers
                (nan where there is none), which are kept as float32, or None for a layer that has no such value. The
                first step says which there are; all others have the same.
            step: the step's number, above the last one's; by default the next.
            time: seconds since 1970-01-01 UTC; by default now.

        Raises:
            DataError: shapes or values that don't fit; nothing of the step is taken in.
            TraceError: the trace is closed, or the file can't be written; no more can be appended, and
                what was committed is kept.
        """
        about = {"step": self._last_step + 1 if step is None else step, "epoch": epoch, "phase": phase}
        about |= {"labels": labels, "ids": ids, "sequence": sequence, "moment": moment}
        about |= {"time": clock.time() if time is None else time}
        self.append_steps([about], inputs=inputs, codes=codes, active=active, values=values)

    def append_steps(
        self,
        steps: Sequence[Mapping[str, Any]],
        sizes: Sequence[int] | None = None,
        *,
        inputs: ArrayLike | None,
        codes: Sequence[ArrayLike],
        active: Sequence[ArrayLike],
        values: Mapping[str, Sequence[ArrayLike | None]] | None = None,
    ) -> None:
        """Take in several steps at once, at the cost of one: their samples stand one behind the other.

        Args:
            steps: of each what `append` has as single values or as marks: `step`, `epoch`, `phase`, `time`, and,
                where they are known, `labels`, `ids`, `sequence` and `moment`.
            sizes: how many samples each has; None where it is one step.
            inputs: as in `append`, of all samples; so are the others.
            codes: per layer.
            active: per layer.
            values: by name, per layer.

        Raises:
            DataError: shapes or values that don't fit; nothing of any step is taken in. The message names the first
                step; to know which is wrong, append them one by one.
            TraceError: as `append` does.
        """
        self._check_open()
        numbers = [step["step"] for step in steps]
        where = f"{self.path}: step {numbers[0]}"
        array = None if inputs is None else as_numbers(inputs, f"{where}: inputs")
        names = self._value_names
        if names is None:
            names = names_by_layer(values, self.layout, where=where)
        encode = partial(
            encode_steps,
            self.layout,
            where=where,
            inputs=array,
            codes=codes,
            active=active,
            samples=steps,
            sizes=sizes,
            values=values,
            value_names=names,
        )
        kind, found = self._inputs.encoded(array, encode, where=where)
        for number, last in zip(numbers, [self._last_step, *numbers], strict=False):
            if number <= last:
                msg = f"{self.path}: step: expected a number above the last step's {last}, found {number}"
                raise DataError(msg)
        with self._or_give_up():
            self._fit_columns(kind, names)
            self._inputs.take(kind, array)
            self._value_names = names
            self._open_buffer().extend(found)
        self._last_step = int(numbers[-1])
        self.num_steps += len(numbers)
        self.num_samples += len(found["samples/step"])

    def note_drops(self, steps: Sequence[int], reasons: Sequence[str] = ()) -> None:
        """Name steps that should have been recorded and could not be, with the next commit.

        Args:
            steps: their numbers, above those named before.
            reasons: why, for each of them; none by default. What is beyond 120 bytes is cut off.

        Raises:
            DataError: there can be no such steps, or reasons aren't words or more than these; nothing is taken in.
            TraceError: the trace is closed.
        """
        self._check_open()
        drops = checked_drops(steps, reasons, str(self.path))
        with self._or_give_up():
            self._open_buffer().note_drops(drops)

    def note_next_step(self, number: int) -> None:
        """Say which number the next forward pass has, for the trace to hold with the next commit.

        A run that is resumed behind this trace goes on with it, however many passes since the last step weren't
        recorded. What isn't above the last step says nothing; what is no number of a step is a DataError.
        """
        if self._file is not None:
            self._file.buffer.note_next_step(checked_step(number, f"{self.path}: next step"))

    def note_losses(self, losses: Mapping[str, Any]) -> None:
        """Say what isn't in the trace and what stopped the recording, for the trace to hold as it is closed.

        Args:
            losses: as `Trace.losses` has them; a DataError where they are others.
        """
        if self._file is not None:
            check_losses(losses, str(self.path))
            self._file.buffer.note_losses(losses)

    def commit(self) -> None:
        """Make all samples so far safe: after it returns, they survive a kill of the process.

        Raises:
            TraceError: the file can't be written; the samples of earlier commits stay readable. Or another program
                has moved it, with all samples so far; or shortened, overwritten or removed it, and then no sample
                is sure to be there.
        """
        if self._is_committed and (self._end or self._file is None):
            return
        self._check_open()
        with self._or_give_up():
            buffer = self._open_buffer()
            if self._is_committed:
                self._open_file.watch.check_content()
            else:
                buffer.commit()
            self._note_committed()
            self._open_file.watch.check_place()

    def close(self) -> None:
        """Commit, move the last samples into the chunks and leave an ordinary HDF5 file, a short one without its tail.

        Raises:
            TraceError: as `commit` does, where nobody has heard of it yet.
        """
        if self._end:
            return
        with self._or_give_up():
            self._open_buffer().finish()
            self._note_committed()
            try:
                self._open_file.close()
            finally:
                # One that was moved is closed as well as any.
                self._end = "was closed"
                self._lock.release()

    def __enter__(self) -> TraceWriter:
        """The writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close, whatever happened: what was appended is whole steps and worth keeping."""
        self.close()

    def __repr__(self) -> str:
        """One line: where, and how far."""
        state = "closed" if self._end else "open"
        return f"<TraceWriter {self.path}: {self.num_samples:,} samples, {self.num_committed:,} committed, {state}>"

    @property
    def gave_up(self) -> bool:
        """Whether the file couldn't be written."""
        return self._end.startswith("was given up")

    def _note_committed(self) -> None:
        self.num_committed, self.num_committed_steps = self.num_samples, self.num_steps

    @property
    def _is_committed(self) -> bool:
        has_notes = self._file is not None and self._file.buffer.has_notes
        return self.num_committed == self.num_samples and not has_notes

    def _check_open(self) -> None:
        if self._end:
            msg = f"{self.path}: expected an open trace to write to, found one that {self._end}"
            raise TraceError(msg)

    @contextlib.contextmanager
    def _or_give_up(self) -> Iterator[None]:
        try:
            with writing_to(self.path):
                yield
        except TraceError as error:
            self._give_up(str(error))
            raise

    def _give_up(self, why: str) -> None:
        """Never touch the file again, for whoever asks."""
        if self._file is not None and self._file.watch.is_lost:
            self.num_committed = self.num_committed_steps = 0
        self._end = f"was given up: {why}"
        if self._file is not None:
            self._file.handle.abandon()
        else:
            self._new.discard()
        self._lock.release()

    @property
    def _open_file(self) -> FileUnderWay:
        assert self._file is not None
        return self._file

    def _new_file(self, *, overwrite: bool) -> NewFile:
        new = NewFile(self.path, overwrite=overwrite, durable=self._durable)
        self._write_head(new.in_memory)
        return new

    def _open_buffer(self) -> SampleBuffer:
        if self._file is None:
            made = None
            try:
                made = self._make(self._inputs.kind or "binary", self._value_names, self._new)
                made.publish()
                self._file = made
            except KeyboardInterrupt:
                if made is not None:
                    made.discard()
                self._give_up("it was interrupted before it had a step")
                raise
        return self._file.buffer

    def _fit_columns(self, kind: str, names: Names) -> None:
        """Make the file anew where it has other columns than a step's inputs and values take."""
        if self._file is not None and self._file.columns != (kind, names):
            made = self._make(kind, names, self._new_file(overwrite=True), self._file)
            with uninterrupted():
                made.publish()
                self._file = made
            self._note_committed()

    def _make(
        self, kind: str, names: Names | None, new: NewFile, earlier: FileUnderWay | None = None
    ) -> FileUnderWay:
        return FileUnderWay(
            self.path,
            new,
            self.layout,
            input_kind=kind,
            values=names or ((),) * len(self.layout.layers),
            durable=self._durable,
            num_ranks=self._num_ranks,
            earlier=earlier,
        )
