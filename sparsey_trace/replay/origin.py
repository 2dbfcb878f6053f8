"""Where tables come from: a trace, as long as it was then."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.reading.open_trace import open_trace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sparsey_trace.trace.reading.trace import Trace


@dataclass(frozen=True, kw_only=True)
class Origin:
    """A trace at the time of an analysis.

    Attributes:
        files: where its files were, as whole paths.
        trace: its id.
        samples: how many it had.
    """

    files: tuple[Path, ...]
    trace: str
    samples: int

    @classmethod
    def of(cls, trace: Trace) -> Origin:
        """A trace as it is now."""
        return cls(files=tuple(path.absolute() for path in trace.paths), trace=trace.id, samples=len(trace))

    @contextlib.contextmanager
    def opened(self) -> Iterator[Trace]:
        """The trace once more, with the samples that it had; it may have grown.

        Raises:
            TraceError: it isn't there any more, or another trace is in its place.
        """
        if gone := [path for path in self.files if not path.exists()]:
            msg = (
                f"{gone[0]}: expected the trace that the tables were made from, found no file there; "
                "analyse it anew where it is now"
            )
            raise TraceError(msg)
        with open_trace(self.files if len(self.files) > 1 else self.files[0]) as trace:
            if trace.id != self.trace or len(trace) < self.samples:
                found = (
                    "another trace"
                    if trace.id != self.trace
                    else f"{len(trace):,} of {self.samples:,} samples"
                )
                msg = f"{trace.path}: expected the trace that the tables were made from, found {found}; analyse it anew"
                raise TraceError(msg)
            trace.rewind(self.samples)
            yield trace
