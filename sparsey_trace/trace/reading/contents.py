"""What a trace holds, told by checksums that its file has already, at a small part of the cost of reading it.

Behind each chunk stands its Fletcher32, and a sample that is in no chunk yet takes little to go through. A file that
was copied or touched has the same checksums; one that was edited has others, and keeps its id.
"""

from __future__ import annotations

import time
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.format.sample_checksums import checksums

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.layout import Layout
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
        self._files = [file.storage for file in trace.files]
        self._looks = _looks(self._files)

    def now(self) -> dict[str, Any] | None:
        """What is there, as JSON can say it; None where a checksum can't be read."""
        counts = self._trace.storage.parts(self._samples)
        in_chunks = [min(count, file.in_chunks) for count, file in zip(counts, self._files, strict=True)]
        try:
            held = self._held(counts, in_chunks)
        except TraceError:
            return None
        return {"held": held, "looks": self._looks}

    def has(self, known: Any) -> bool:
        """Whether a trace still begins with what was there: at the files' times first, then at the checksums.

        Args:
            known: from `now`, of a trace that was no longer than this one is.
        """
        if not isinstance(known, dict):
            return False
        if self._looks is not None and known.get("looks") == self._looks:
            return True
        try:
            files = known["held"]["files"]
            counts, in_chunks = ([one[key] for one in files] for key in ("samples", "in_chunks"))
            return counts == self._trace.storage.parts(sum(counts)) and known["held"] == self._held(
                counts, in_chunks
            )
        except (TraceError, KeyError, TypeError, ValueError):
            return False

    def _held(self, counts: list[int], in_chunks: list[int]) -> dict[str, Any]:
        """By file, the checksums of so many samples, of which so many are told by those of their chunks."""
        parts = zip(self._files, counts, in_chunks, strict=True)
        return {"layout": _of_layout(self._trace.layout), "files": [_of_file(*part) for part in parts]}


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
        for part in (layer.connections, layer.positions):
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
