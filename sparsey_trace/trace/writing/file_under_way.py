"""The file behind a trace while it is written: made with all that it will ever have, and replaced by a wider one."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.explain import explain
from sparsey_trace.trace.format.head import write_kinds
from sparsey_trace.trace.writing.closed_file import ClosedFile, put_in_place
from sparsey_trace.trace.writing.empty_datasets import make_datasets, take_space
from sparsey_trace.trace.writing.file_handle import FileHandle
from sparsey_trace.trace.writing.file_watch import FileWatch
from sparsey_trace.trace.writing.sample_buffer import SampleBuffer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sparsey_trace.layout import Layout
    from sparsey_trace.trace.writing.new_file import NewFile


class FileUnderWay:
    """An open file with its columns, not yet under its name.

    HDF5 can add no column to a file that readers look on. So where inputs come that the file's kind doesn't hold, it is
    made anew with another, with all samples and what was committed, and takes the old one's name: whoever is killed
    meanwhile leaves the old one or the new one, whole.

    Args:
        path: the name that it has in the end.
        new: the file, with its head.
        layout: the model.
        input_kind: how inputs are kept.
        values: by layer, the names of the further values that its MACs have.
        durable: whether commits survive a loss of power.
        num_ranks: how many processes train together.
        earlier: the one that it is to replace.

    Attributes:
        columns: what tells its columns: the kind of its inputs, and the names of further values.
        buffer: what takes in samples.
        watch: tells what others do to the file.
        handle: lets go of it.

    Raises:
        OSError, RuntimeError, TraceError: it can't be made; the earlier one is as it was.
    """

    def __init__(
        self,
        path: Path,
        new: NewFile,
        layout: Layout,
        *,
        input_kind: str,
        values: Sequence[Sequence[str]],
        durable: bool,
        num_ranks: int,
        earlier: FileUnderWay | None = None,
    ) -> None:
        """Make the file; see the class for the arguments."""
        self._new, self._earlier = new, earlier
        self.columns = (input_kind, tuple(values))
        columns = schema.columns(layout, input_kind, values)
        write_kinds(new.in_memory, input_kind, values)
        tail = make_datasets(
            new.in_memory,
            columns,
            schema.samples_per_chunk(sum(column.sample_bytes for column in columns)),
        )
        explain(new.in_memory, layout)
        self._closed = ClosedFile(new.so_far(), num_ranks)
        take_space(tail)
        with contextlib.ExitStack() as unless_done:
            unless_done.callback(new.discard)
            self.handle = FileHandle(new.write())
            unless_done.callback(self.handle.abandon)
            file, mark = self.handle.file, bytes(self.handle.file.attrs["id"])
            self.watch = FileWatch(path, file, mark=mark, mark_offset=new.offset_of(mark))
            self.buffer = SampleBuffer(file, columns, self.watch, durable=durable)
            if earlier is not None:
                self.buffer.take_over(earlier.buffer)
                earlier.watch.check_content()
                earlier.watch.check_place()
            unless_done.pop_all()

    def publish(self) -> None:
        """Give it its name, in place of the earlier one, which nobody touches any more.

        Raises:
            OSError: it can't be; nothing is left of it.
        """
        try:
            self._new.publish()
        except BaseException:
            self.discard()
            raise
        if self._earlier is not None:
            self._earlier.handle.abandon()
            self._earlier = None

    def close(self) -> None:
        """Close it, once its buffer is finished, and leave out the tail's space where that is worth it.

        Raises:
            TraceError: it isn't where it should be; it is closed.
        """
        content, closed = None, os.fstat(self.handle.descriptor)
        try:
            self.watch.check_place()
            if self.buffer.is_finished:
                content = self._closed.content(closed.st_size, self.buffer)
        finally:
            self.handle.close()
        if content is not None:
            put_in_place(self.watch.path, content, closed)

    def discard(self) -> None:
        """Leave nothing of it that has no name yet."""
        self.handle.abandon()
        self._new.discard()


@contextlib.contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """Turn what h5py raises while it writes into an error that names the file.

    Raises:
        TraceError: h5py could not write.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        found = " ".join(str(error).split())
        msg = f"{path}: expected to write to the trace, found: {found}; what was committed stays readable"
        raise TraceError(msg) from error
