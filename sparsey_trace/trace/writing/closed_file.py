"""A short trace's file once it is closed: made anew without the space of its tail, which would be most of it.

The tail has to be there, uncompressed, for as long as samples come, and a file can't give back what lies in its midst.
So what the file was before it had a sample is kept, without that space; all chunks are put into that in memory, it is
written beside the file and, when the disk has it, given the file's name: whoever is killed meanwhile leaves the one or
the other, both closed and whole. Where that can't be done the file stays as it is, and nobody has to hear of it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from typing import TYPE_CHECKING

import h5py

from sparsey_trace.support.writing import PartialFile
from sparsey_trace.trace.format import counts, schema
from sparsey_trace.trace.format.losses import write_losses
from sparsey_trace.trace.writing.new_file import TOGETHER
from sparsey_trace.trace.writing.packed_file import MOST_TAIL_BYTES

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.trace.writing.sample_buffer import SampleBuffer

_WORTH = 8
"""A tail that is a smaller part of the file than one in so many stays."""
_MOST_BYTES = 1 << 25
"""Of a file that is put together in memory."""
_MOST_EMPTY_BYTES = 1 << 21
"""Of a file without samples that is kept for that."""
_MOST_RANKS = 16
"""Of a run whose files are replaced: who reads those of many ranks while they are written doesn't keep all open, and
couldn't go on with one that was replaced."""


class ClosedFile:
    """What a file becomes when it is closed.

    Args:
        empty: the file before its first sample, without the tail's space.
        num_ranks: how many processes train together.
    """

    def __init__(self, empty: bytes, num_ranks: int) -> None:
        """Keep what is needed."""
        self._empty = empty if len(empty) <= _MOST_EMPTY_BYTES and num_ranks <= _MOST_RANKS else None

    def content(self, size: int, buffer: SampleBuffer) -> bytes | None:
        """The bytes of a finished file without its tail; None where that isn't worth it, or can't be had.

        Args:
            size: of the file, in bytes.
            buffer: its samples, all of them in chunks; still open.
        """
        tail = buffer.tail_bytes
        is_small = tail <= MOST_TAIL_BYTES and size - tail <= min(_MOST_BYTES, _WORTH * tail)
        if self._empty is None or not is_small:
            return None
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            return _filled(self._empty, buffer)
        return None


def put_in_place(path: Path, content: bytes, closed: os.stat_result) -> None:
    """Put a file's new content in its place, where it stands there by itself and is ours.

    Args:
        path: where it stands.
        content: without the tail.
        closed: what the system said of the file.
    """
    new = PartialFile(path)
    try:
        with contextlib.suppress(OSError):
            with new.create() as stream:
                stream.write(content)
                stream.flush()
                os.fchmod(stream.fileno(), stat.S_IMODE(closed.st_mode))
                # Without this a loss of power could take what was safe with the old file.
                os.fsync(stream.fileno())
                made = os.fstat(stream.fileno())
            if _is_alone(path, closed) and (made.st_uid, made.st_gid) == (closed.st_uid, closed.st_gid):
                new.publish()
    finally:
        new.discard()


def _is_alone(path: Path, closed: os.stat_result) -> bool:
    """Whether what stands there is the file itself, no link to it, without a second name."""
    found = path.lstat()
    return os.path.samestat(found, closed) and found.st_nlink == 1


def _filled(empty: bytes, buffer: SampleBuffer) -> bytes:
    with _in_memory(empty) as new:
        for name, count in buffer.progress().items():
            new[name][()] = count
        if len(drops := buffer.drops()):
            new[schema.DROPS].resize(len(drops), axis=0)
            new[schema.DROPS][:] = drops
        if buffer.losses:
            write_losses(new, buffer.losses)
        counts.TOLD.write(new, buffer.counts)
        _copy_chunks(buffer, new)
        new.flush()
        content: bytes = new.id.get_file_image()
        return content


def _copy_chunks(buffer: SampleBuffer, new: h5py.File) -> None:
    """In the order of samples, so that a copy that is cut short keeps the first ones."""
    # Past h5py's own indexing, which takes longer than all else.
    copies = {path: h5py.h5d.open(new.id, path.encode()) for path in buffer.chunks}
    for path, copy in copies.items():
        copy.set_extent(buffer.chunks[path].shape)
    for path, corner in buffer.corners():
        mask, chunk = buffer.chunks[path].id.read_direct_chunk(corner)
        copies[path].write_direct_chunk(corner, chunk, filter_mask=mask)


def _in_memory(content: bytes) -> h5py.File:
    """An HDF5 file that is open for writing, of which nothing is on a disk."""
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fapl_core(1 << 16, False)  # noqa: FBT003 - h5py takes it by position only
    access.set_file_image(content)
    access.set_libver_bounds(h5py.h5f.LIBVER_V110, h5py.h5f.LIBVER_V110)
    access.set_meta_block_size(TOGETHER)
    return h5py.File(h5py.h5f.open(secrets.token_hex(8).encode(), h5py.h5f.ACC_RDWR, access))
