"""The bytes of a file elsewhere, of which only those are fetched that are needed.

Structures are small and stand near each other: they come in blocks, which are kept. Chunks come as they are, several at
once. What a store's file was when it was opened is asked for again now and then: another version of it is an error.
"""

from __future__ import annotations

import io
import os
import threading
import time
from bisect import bisect_left, bisect_right, insort
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from sparsey_trace.support.stores import told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from fsspec import AbstractFileSystem

_BLOCK, _FIRST_BLOCKS = 1 << 13, 32
"""Bytes of a block; and how many are fetched at first: what `pack` has put in front, mostly."""
_NEXT_BLOCKS = 8
"""How many are fetched of those that follow on others that were."""
_LEAST, _GAP = 1 << 12, 1 << 11
"""Bytes that a range of chunks has at least, as what stands beside a small one is needed next; and how far apart two
may be that are fetched as one."""
_SMALL = 1 << 20
"""Of a file of no more bytes all is fetched at once."""
_MOST_KEPT = 64 << 20
"""Bytes that are kept of a file."""
_SETTLED_SECONDS = 5.0
"""For so long a file is taken to be the version that it was."""

_VERSION = (
    "ETag",
    "etag",
    "md5Hash",
    "generation",
    "version_id",
    "Content-MD5",
    "Last-Modified",
    "LastModified",
)
_TIMES = ("last_modified", "updated", "mtime", "created")


class RangedFile:
    """A file of a store that gives ranges of bytes; a `ByteSource`, which several traces may share.

    Args:
        system: the store.
        path: the file's, as the store names it.
        info: what the store says of it.

    Attributes:
        requests: how many ranges were asked for so far, of those that were fetched together each.
        fetched: how many bytes they had.
    """

    def __init__(self, system: AbstractFileSystem, path: str, info: Mapping[str, Any]) -> None:
        """Nothing is fetched yet."""
        self._system, self._path, self._process = system, path, os.getpid()
        self._size, self._version = int(info["size"]), version_of(info)
        self._checked = time.monotonic()
        self._kept = _Extents()
        self._lock = threading.RLock()
        self._waiting = _locks()
        self.requests = self.fetched = 0

    def is_still(self, info: Mapping[str, Any]) -> bool:
        """Whether what the store says of a file is still the same."""
        return version_of(info) == self._version

    def close(self) -> None:
        """See `ByteSource`: nothing has to be, and what was fetched is kept for whoever opens it next."""

    def status(self) -> os.stat_result:
        """See `ByteSource`; in place of a file's number stands a digest of the store's own version of it."""
        times = {"st_atime_ns": 0, "st_mtime_ns": 0, "st_ctime_ns": 0}
        return os.stat_result((0, number_of(self._version), 0, 1, 0, 0, self._size, 0, 0, 0), times)

    def read(self, address: int, count: int) -> bytes:
        """See `ByteSource`."""
        end = min(address + count, self._size)
        if end <= address:
            return b""
        found = self._kept.get(address, end)
        if found is None:
            self._here()
            # Of several threads that need a block one fetches it.
            with self._waiting[address // _BLOCK % len(self._waiting)]:
                found = self._kept.get(address, end)
                if found is None:
                    is_large = count > _NEXT_BLOCKS * _BLOCK
                    self._fetch([(address, end) if is_large else self._blocks(address, end)])
                    found = self._kept.get(address, end)
        if found is None:
            msg = f"{end - address:,} bytes at {address:,} that don't fit in memory"
            raise OSError(msg)
        return found

    @property
    def version(self) -> str:
        """See `ByteSource`."""
        return repr(self._version)

    def prefetch(self, needed: Sequence[tuple[int, int]], ahead: Sequence[tuple[int, int]] = ()) -> None:
        """See `ByteSource`."""
        if self._lacking(needed):
            spans = map(_with_neighbours, self._lacking([*needed, *ahead]))
            self._fetch([(begin, min(end, self._size)) for begin, end in _joined(spans)])

    def copy_to(self, path: Path) -> None:
        """Copy all of it to a path here.

        Raises:
            OSError: it can't be.
        """
        self._here().get_file(self._path, str(path))

    def _lacking(self, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        return _joined(span for span in spans if span[1] <= self._size and not self._kept.has(*span))

    def _blocks(self, address: int, end: int) -> tuple[int, int]:
        """What is fetched for a few bytes: the blocks that they are in."""
        if self._size <= _SMALL:
            return 0, self._size
        first = address // _BLOCK * _BLOCK
        follows = first and self._kept.has(first - 1, first)
        least = first + _BLOCK * (_NEXT_BLOCKS if follows else 1 if first else _FIRST_BLOCKS)
        return first, min(self._size, max(least, -(-end // _BLOCK) * _BLOCK))

    def _fetch(self, spans: Sequence[tuple[int, int]]) -> None:
        begins, ends = zip(*spans, strict=True)
        try:
            system = self._here()
            self._check_version(system)
            found = system.cat_ranges([self._path] * len(spans), list(begins), list(ends), on_error="raise")
        except Exception as error:
            if isinstance(error, OSError) and error.errno is None and type(error) is OSError:
                raise
            # What stores raise is of no common kind.
            raise OSError(told(error)) from error
        with self._lock:
            for begin, end, content in zip(begins, ends, found, strict=True):
                if len(content) != end - begin:
                    msg = f"{len(content):,} bytes where {end - begin:,} were asked for: the store gives no ranges"
                    raise OSError(msg)
                self._kept.add(begin, bytes(content))
            self.requests += len(spans)
            self.fetched += sum(map(len, found))

    def _here(self) -> AbstractFileSystem:
        """The store, as this process reaches it: connections don't outlive a fork."""
        if self._process != os.getpid():
            self._system = type(self._system)(**self._system.storage_options)
            self._process, self._waiting = os.getpid(), _locks()
        return self._system

    def _check_version(self, system: AbstractFileSystem) -> None:
        now = time.monotonic()
        if now - self._checked < _SETTLED_SECONDS:
            return
        if not self.is_still(current_info(system, self._path)):
            msg = "another version of it than was opened; open the trace anew"
            raise OSError(msg)
        self._checked = now


def current_info(system: AbstractFileSystem, path: str) -> dict[str, Any]:
    """What a store says of a file now, whatever it said before."""
    system.invalidate_cache(system._parent(path))
    return dict(system.info(path))


def version_of(info: Mapping[str, Any]) -> tuple[Any, ...]:
    """What changes with a file's content, of what a store says of it."""
    return (info["size"], *(str(info[name]) for name in (*_VERSION, *_TIMES) if info.get(name)))


def number_of(version: tuple[Any, ...]) -> int:
    """A number that stands for a version."""
    return int.from_bytes(blake2b(repr(version).encode(), digest_size=7).digest(), "little")


class AsStream(io.RawIOBase):
    """A ranged file as a stream, for HDF5."""

    def __init__(self, source: RangedFile) -> None:
        """See the class."""
        self._source, self._place = source, 0
        self._size = source.status().st_size

    def seekable(self) -> bool:
        """It is."""
        return True

    def readable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As of any stream."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = start + offset
        return self._place

    def tell(self) -> int:
        """As of any stream."""
        return self._place

    def readinto(self, buffer: Any) -> int:
        """As of any stream."""
        found = self._source.read(self._place, len(buffer))
        buffer[: len(found)] = found
        self._place += len(found)
        return len(found)


class _Extents:
    """Pieces of a file, those fetched longest ago forgotten where they take too much; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._starts: list[int] = []
        self._pieces: dict[int, bytes] = {}  # in the order in which they came
        self._total = 0

    def get(self, begin: int, end: int) -> bytes | None:
        """These bytes, if one piece, or several that follow each other, hold them."""
        with self._lock:
            found, place = [], begin
            while place < end:
                index = bisect_right(self._starts, place) - 1
                start = self._starts[index] if index >= 0 else 0
                piece = self._pieces[start] if index >= 0 else b""
                if start + len(piece) <= place:
                    return None
                found.append(piece[place - start : end - start])
                place = start + len(piece)
            return found[0] if len(found) == 1 else b"".join(found)

    def has(self, begin: int, end: int) -> bool:
        """Whether `get` has something."""
        return self.get(begin, end) is not None

    def add(self, begin: int, content: bytes) -> None:
        """Keep a piece, in place of those that it holds: so of two that begin one after the other, so do they end."""
        end = begin + len(content)
        if not content or self.has(begin, end):
            return
        with self._lock:
            for start in self._starts[bisect_left(self._starts, begin) : bisect_left(self._starts, end)]:
                if start + len(self._pieces[start]) <= end:
                    self._drop(start)
            insort(self._starts, begin)
            self._pieces[begin] = content
            self._total += len(content)
            while self._total > _MOST_KEPT and len(self._pieces) > 1:
                self._drop(next(iter(self._pieces)))

    def _drop(self, start: int) -> None:
        self._total -= len(self._pieces.pop(start))
        self._starts.remove(start)


def _locks() -> list[threading.Lock]:
    return [threading.Lock() for _ in range(64)]


def _with_neighbours(span: tuple[int, int]) -> tuple[int, int]:
    """A small span with what stands beside it, most of it behind."""
    begin, end = span
    if end - begin >= _LEAST:
        return span
    return max(0, begin - _LEAST // 4), max(end, begin + _LEAST * 3 // 4)


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those together of which one begins where the one before ends, or little further on."""
    found: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1] + _GAP:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found
