"""Whole chunks and the tail: the order in which samples reach the file.

Samples wait in memory until they fill a chunk, which is written once, whole and compressed. A commit
in between puts the waiting samples into the tail: uncompressed datasets as long as a chunk, written
in place, so that small commits don't make the file grow.

Two counters say what may be believed: `in_chunks` samples stand in the chunks, `committed` samples
exist. Only one of them changes between two flushes, and only after what it promises was flushed;
the tail is overwritten only after `in_chunks` says that its samples stand in the chunks.
"""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow  # noqa: F401 - compresses; loaded before training, not by the writer's thread in the midst of it

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.format import counts, schema
from sparsey_trace.trace.format.drops import as_stored, reasons_of
from sparsey_trace.trace.format.inputs import recoded
from sparsey_trace.trace.format.losses import write_losses
from sparsey_trace.trace.format.sample_checksums import checksums
from sparsey_trace.trace.hdf5 import chunk_codec
from sparsey_trace.trace.writing.disk_space import DiskSpace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import h5py
    from numpy.typing import NDArray

    from sparsey_trace.trace.writing.file_watch import FileWatch

_INDEX_BYTES = 64
"""What a chunk takes in HDF5's chunk index at most, beside its own bytes."""


class SampleBuffer:
    """The samples that don't fill a chunk yet, and the file behind them.

    Args:
        file: an open file with the empty datasets of these columns; SWMR writing starts here, after which
            HDF5 can add nothing more to it.
        columns: the columns.
        watch: tells what others do to the file.
        durable: whether a flush waits until the disk has what it was given.

    Attributes:
        chunks: by a column's path, the dataset of its chunks.
        chunk_size: how many samples a chunk holds.
        losses: what isn't in the trace, and why; see `note_losses`.
        is_finished: whether all is in chunks, and the trace marked closed.
    """

    def __init__(
        self, file: h5py.File, columns: list[schema.Column], watch: FileWatch, *, durable: bool = False
    ) -> None:
        """Start SWMR writing."""
        self._file, self._watch, self._durable = file, watch, durable
        file.swmr_mode = True
        self.chunk_size = len(file[schema.CHECKSUMS])
        self._waiting = {c.path: np.empty((self.chunk_size, *c.width), c.dtype) for c in columns}
        self._columns = {column.path: column for column in columns}
        self._held = 0  # samples that wait in memory
        self._in_tail = 0  # how many of these the tail holds too
        self._written = 0  # samples in whole chunks
        self._whole = 0  # samples of whole steps
        self._announced = 0  # how many of these the file's in_chunks counts
        self._drops: list[tuple[int, str]] = []  # steps that the file doesn't name yet
        self._next_step = self._told_step = 0  # the next pass's number; as the file has it
        self.losses: Mapping[str, Any] = {}
        self.is_finished = False
        self._counting = counts.Counting()  # of samples in whole chunks
        self._unflushed = 0  # bytes of HDF5's chunk indexes that it may still hold in memory
        self._disk = DiskSpace(file.id.get_vfd_handle())
        # Kept open: HDF5 writes what is cached when a dataset is closed, and an error there is lost.
        self.chunks = {column.path: file[column.path] for column in columns}
        self._chunk_shapes = {path: chunks.chunks for path, chunks in self.chunks.items()}
        self._tails = {column.path: file[f"{schema.TAIL}/{column.path}"] for column in columns}
        self._tail_checksums, self._dropped = file[schema.CHECKSUMS], file[schema.DROPS]
        self._next_step_there = file[schema.NEXT_STEP]
        self._counters = {name: file[name] for name in schema.COUNTERS}

    def extend(self, values: dict[str, NDArray[Any]]) -> None:
        """Take in a step's samples, column by column; chunks that are full are written.

        Raises:
            TraceError: a chunk can't be written, now or in an earlier call; or another program has spoilt the file.
        """
        if self.is_torn:
            msg = (
                f"{self._watch.path}: expected to append to a trace of whole steps, found that the step before "
                "could only be taken in in part; close it: the steps before that one are kept"
            )
            raise TraceError(msg)
        size = len(values["samples/step"])
        taken = 0
        while taken < size:
            count = min(size - taken, self.chunk_size - self._held)
            for path, waiting in self._waiting.items():
                waiting[self._held : self._held + count] = values[path][taken : taken + count]
            self._held += count
            taken += count
            if self._held == self.chunk_size:
                self._write_chunks()
        self._whole += size

    def take_over(self, earlier: SampleBuffer) -> None:
        """Take in and commit all that another one has, whose inputs may be of a kind that this one's holds.

        Raises:
            TraceError: as of `extend` and `commit`.
        """
        for values in earlier._spans():
            if schema.INPUTS in values:
                columns = (of._columns[schema.INPUTS] for of in (earlier, self))
                values[schema.INPUTS] = recoded(values[schema.INPUTS], *columns)
            self.extend(values)
        self._drops = [*reasons_of(earlier._dropped[:]).items(), *earlier._drops]
        self.losses, self._next_step = earlier.losses, earlier._next_step
        self.commit()

    def _spans(self) -> Iterator[dict[str, NDArray[Any]]]:
        """All samples in order, a chunk's at a time: a column's path to its values."""
        for start in range(0, self._written, self.chunk_size):
            yield {path: column[start : start + self.chunk_size] for path, column in self.chunks.items()}
        if self._held:
            yield {path: waiting[: self._held] for path, waiting in self._waiting.items()}

    @property
    def is_torn(self) -> bool:
        """Whether the last step was taken in only in part: a chunk couldn't be written, or Ctrl-C."""
        return self._whole != self._written + self._held

    def note_drops(self, drops: Iterable[tuple[int, str]]) -> None:
        """Name steps that were dropped, and why, with the next commit."""
        self._drops += drops

    def note_next_step(self, number: int) -> None:
        """Say with the next commit which number the next pass has."""
        self._next_step = number

    def note_losses(self, losses: Mapping[str, Any]) -> None:
        """Say what isn't in the trace, and why, as it is closed; see `losses`."""
        self.losses = losses

    @property
    def has_notes(self) -> bool:
        """Whether the file lacks steps that were dropped, or the number of the next pass."""
        return bool(self._drops) or self._next_step != self._told_step

    def commit(self) -> None:
        """Put what waits into the tail and count it.

        Raises:
            TraceError: another program has spoilt the file.
        """
        # The tail's space was taken, but a file system may not have set it aside.
        self._prepare(self._unflushed + self._bytes_of(self._held))
        self._announce_chunks()
        self._write_notes()
        if self._in_tail < self._held:
            self._extend_tail(slice(self._in_tail, self._held))
            self._in_tail = self._held
            self._flush()
        self._set(schema.COMMITTED, self._whole)

    def finish(self) -> None:
        """Put what waits into a last chunk, count it and mark the trace closed; a torn one stays open.

        Raises:
            TraceError: another program has spoilt the file.
        """
        if self.is_torn:
            self.commit()
            return
        if self._held:
            self._write_chunks()
        self._prepare(self._unflushed)
        self._announce_chunks()
        self._write_notes()
        self._set(schema.COMMITTED, self._whole)
        if self.losses:
            write_losses(self._file, self.losses)
        counts.TOLD.write(self._file, self.counts)
        self._flush()
        self._set(schema.CLOSED, 1)
        self.is_finished = True

    def progress(self) -> dict[str, int]:
        """What the numbers of the file say."""
        found = {name: int(counter[()]) for name, counter in self._counters.items()}
        return {**found, schema.NEXT_STEP: self._told_step}

    def drops(self) -> NDArray[Any]:
        """[n] `DROP`, the steps that the file names as missing."""
        return self._dropped[:] if len(self._dropped) else np.empty(0, self._dropped.dtype)

    def corners(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Of each chunk that was written, in the order of samples: its column, and the indices of its first value."""
        for first in range(0, self._written, self.chunk_size):
            for path, shape in self._chunk_shapes.items():
                sides = zip(self._columns[path].width, shape[1:], strict=True)
                for corner in itertools.product(
                    (first,), *(range(0, side, length) for side, length in sides)
                ):
                    yield path, corner

    @property
    def counts(self) -> dict[str, int]:
        """What the samples in chunks come to, by `counts.NAMES`."""
        return self._counting.found

    @property
    def tail_bytes(self) -> int:
        """How many bytes the tail takes in the file."""
        return self._bytes_of(self.chunk_size) + int(self._tail_checksums.nbytes)

    def _prepare(self, size: int) -> None:
        """See that so many bytes can be written, to the file as it was left."""
        self._watch.check_content()
        self._disk.require(size)

    def _bytes_of(self, samples: int) -> int:
        return sum(waiting[:samples].nbytes for waiting in self._waiting.values())

    def _write_chunks(self) -> None:
        encoded = {
            path: list(
                chunk_codec.encode(waiting[: self._held], self._chunk_shapes[path], self._columns[path].codec)
            )
            for path, waiting in self._waiting.items()
        }
        sizes = [len(chunk.data) for chunks in encoded.values() for chunk in chunks]
        self._unflushed += _INDEX_BYTES * len(sizes)
        self._prepare(self._unflushed + sum(sizes))
        counting = self._counting.then(
            {name: self._waiting[f"samples/{name}"][: self._held] for name in counts.COLUMNS}
        )
        end = self._written + self._held
        for path, chunks in encoded.items():
            chunk_codec.set_extent(self.chunks[path], (end, *self._columns[path].width))
            for chunk in chunks:
                chunk_codec.write_chunk(self.chunks[path], self._written, chunk)
        self._written, self._held, self._counting = end, 0, counting

    def _extend_tail(self, new: slice) -> None:
        values = {path: waiting[new] for path, waiting in self._waiting.items()}
        for path, tail in self._tails.items():
            tail[new] = values[path]
        self._tail_checksums[new] = checksums(self._written + new.start, values.values())

    def _write_notes(self) -> None:
        if self._next_step != self._told_step:
            self._next_step_there[()] = self._told_step = self._next_step
        if self._drops:
            start = len(self._dropped)
            self._dropped.resize(start + len(self._drops), axis=0)
            self._dropped[start:] = as_stored(self._drops)
            self._drops = []

    def _announce_chunks(self) -> None:
        if self._announced < self._written:
            self._flush()
            self._set(schema.IN_CHUNKS, self._written)
            self._announced, self._in_tail = self._written, 0

    def _set(self, name: str, value: int) -> None:
        self._counters[name][()] = value
        self._flush()

    def _flush(self) -> None:
        self._file.flush()
        self._unflushed = 0
        self._watch.check_flushed()
        if self._durable:
            os.fsync(self._file.id.get_vfd_handle())
