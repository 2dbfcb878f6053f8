"""What a trace holds, told by checksums that its file has already, at a small part of the cost of reading it.

Behind each chunk stands its Fletcher32, and a sample that is in no chunk yet takes little to go through. A file that
was copied or touched has the same checksums; one that was edited has others, and keeps its id.

Of a run in several files it also tells which samples of which file are the trace's, in which order. Files are known by
their ids, so that a run that was resumed since then still begins with what it was.
"""

from __future__ import annotations

import time
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from sparsey_trace.errors import TraceError
from sparsey_trace.support.distinct import distinct
from sparsey_trace.trace.format.sample_checksums import checksums

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sparsey_trace.layout import Layout
    from sparsey_trace.trace.reading.merge_rules import MergeRules
    from sparsey_trace.trace.reading.merged import MergedStorage
    from sparsey_trace.trace.reading.storage import Storage
    from sparsey_trace.trace.reading.trace_file import TraceFile

_SETTLED_NS = 2_000_000_000
"""How old a change has to be for a later one to get another time, on any file system."""


class OpenTrace(Protocol):
    """What is needed of a trace."""

    @property
    def files(self) -> Sequence[TraceFile]:
        """Its open files."""
        ...

    @property
    def storage(self) -> Storage | MergedStorage:
        """The values as they are stored."""
        ...

    @property
    def layout(self) -> Layout:
        """The model."""
        ...

    @property
    def rules(self) -> MergeRules:
        """Which samples of its files are its own."""
        ...

    def __len__(self) -> int:
        """The number of samples."""
        ...


class Contents:
    """What the first samples of a trace are, so that it can be kept and asked for later.

    Args:
        trace: as long as it is now.
    """

    def __init__(self, trace: OpenTrace) -> None:
        """Look at the files, not into them."""
        self._trace, self._samples = trace, len(trace)
        self._files = {file.head.id: file.storage for file in trace.files}
        self._looks = _looks(list(self._files.values()))

    def now(self) -> dict[str, Any] | None:
        """What is there, as JSON can say it; None where a checksum can't be read."""
        spans = self._trace.storage.spans(self._samples)
        in_chunks = {
            name: min(reached, self._files[name].in_chunks) for name, reached in self._reached(spans).items()
        }
        try:
            held = self._held(self._samples, spans, in_chunks)
        except TraceError:
            return None
        return {"rules": self._trace.rules.choice(), "held": held, "looks": self._looks}

    def has(self, known: Any) -> bool:
        """Whether a trace still begins with what was there: at the files' times first, then at the checksums.

        Args:
            known: from `now`, of a trace that was no longer than this one is.
        """
        if not isinstance(known, dict) or known.get("rules") != self._trace.rules.choice():
            return False
        if self._looks is not None and known.get("looks") == self._looks:
            return True
        try:
            samples = known["held"]["samples"]
            in_chunks = {name: one["in_chunks"] for name, one in known["held"]["files"].items()}
            spans = self._trace.storage.spans(samples)
            is_there = in_chunks.keys() == self._reached(spans).keys()
            return is_there and known["held"] == self._held(samples, spans, in_chunks)
        except (TraceError, AttributeError, KeyError, TypeError, ValueError):
            return False

    def _reached(self, spans: NDArray[np.int64]) -> dict[str, int]:
        """By the id of each file that has samples in these spans, where the last of them ends."""
        ids = list(self._files)
        last = {ids[file]: first + count for file, first, count in spans[_last_of_each(spans[:, 0])].tolist()}
        return {name: last[name] for name in ids if name in last}

    def _held(self, samples: int, spans: NDArray[np.int64], in_chunks: dict[str, int]) -> dict[str, Any]:
        """Which samples stand where, and by file the checksums up to the last, so many told by those of chunks."""
        reached = self._reached(spans)
        return {
            "layout": _of_layout(self._trace.layout),
            "samples": samples,
            "order": _of_order(spans, len(self._files)),
            "files": {
                name: _of_file(self._files[name], count, in_chunks[name]) for name, count in reached.items()
            },
        }


def _last_of_each(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each value of [n] stands last."""
    return len(values) - 1 - np.unique(values[::-1], return_index=True)[1]


def _of_order(spans: NDArray[np.int64], num_files: int) -> str:
    """Of spans [n, 3], whatever other files there are."""
    files, number = distinct(spans[:, 0]), np.zeros(num_files, np.int64)
    number[files] = np.arange(len(files))
    named = np.column_stack([number[spans[:, 0]], spans[:, 1:]])
    return blake2b(np.ascontiguousarray(named).data, digest_size=16).hexdigest()


def _of_file(file: Storage, samples: int, in_chunks: int) -> dict[str, Any]:
    sums = file.chunk_checksums(in_chunks)
    start = min(samples, -(-in_chunks // file.chunk_size) * file.chunk_size)
    behind = [file.read(path, start, samples) for path in file.lengths()]
    return {
        "samples": samples,
        "in_chunks": in_chunks,
        "chunks": blake2b(sums.tobytes(), digest_size=16).hexdigest(),
        "behind": blake2b(checksums(start, behind).tobytes(), digest_size=16).hexdigest(),
    }


def _of_layout(layout: Layout) -> str:
    found = blake2b(repr(layout).encode(), digest_size=16)
    for layer in layout.layers:
        for part in (layer.given_connections, layer.positions):
            if part is not None:
                found.update(repr(part.shape).encode())
                found.update(np.ascontiguousarray(part).data)
    return found.hexdigest()


def _looks(files: list[Storage]) -> list[list[int]] | None:
    """What the system says of each file, which any change to it changes; None where one may be too fresh for that."""
    found = [file.status() for file in files]
    newest = max(max(one.st_mtime_ns, one.st_ctime_ns) for one in found)
    if newest > time.time_ns() - _SETTLED_NS:
        return None
    return [[one.st_dev, one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns] for one in found]
