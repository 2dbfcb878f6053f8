"""Opening a trace: its files, checked and put together; and opening once more what was opened before."""

from __future__ import annotations

import copyreg
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.reading.contents import Contents
from sparsey_trace.trace.reading.joint_head import joint_head
from sparsey_trace.trace.reading.merge_rules import MergeRules
from sparsey_trace.trace.reading.merged import MergedStorage
from sparsey_trace.trace.reading.remote import know, urls_of
from sparsey_trace.trace.reading.sources import open_chains
from sparsey_trace.trace.reading.trace import Trace

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.trace.reading.sources import Source


def open_trace(
    source: Source,
    *,
    cache_bytes: int | None = None,
    missing_ranks: str = "refuse",
    complete_steps: bool = False,
    repeated_steps: str = "all",
) -> Trace:
    """Open a trace for reading; one that is still being written, or was never closed, as well.

    Nothing of a single file's samples is read until it is asked for.

    The files of a run, one for each rank and for each time it was resumed, are one trace: ordered by step, then by
    rank, then as recorded. While they are written, the trace ends with the last step that no rank can add to
    any more.

    Args:
        source: a file; a list of files, which have to be all of a run; or a pattern such as "run.*.h5", where it
            is no file's name itself: what matches, and the files in the same folder that it continues. A folder that
            is there is taken by its name, brackets and all, and `~` is your home. Each may be
            a URL that fsspec knows ("s3://bucket/run.h5"): of a closed trace in a store that gives ranges only what is
            needed is fetched, and once; of other files elsewhere copies are brought, for as long as the process lasts.
        cache_bytes: how much may be kept decompressed, of all datasets together, beside the chunk of each that
            was read last; worth giving where samples are picked from all over the trace, again and again.
        missing_ranks: `refuse`; or `allow`, which goes on where a rank has no file, as it was killed before its first
            commit: a trace of the others, which says so, and so does every analysis of it.
        complete_steps: leave out the steps that only some of the ranks that are there have, as if they had been
            dropped; they are among `Trace.drops` then.
        repeated_steps: `all`, as it happened; or `last`: where training went back to an earlier epoch, as it was
            resumed behind an older checkpoint, what was recorded before of this epoch and of higher ones is left out.

    Raises:
        TraceError: a file doesn't exist, is no trace, or is damaged; or several don't make one run.
        UsageError: a name is empty, or another argument is no such value.
        VersionError: it is in a version of the format that this program doesn't read.
    """
    rules = MergeRules(
        missing_ranks=missing_ranks, complete_steps=complete_steps, repeated_steps=repeated_steps
    )
    return _opened(source, cache_bytes or 0, rules)


def _opened(source: Source, cache_bytes: int, rules: MergeRules) -> Trace:
    chains = open_chains(source, cache_bytes=cache_bytes, missing_ranks=rules.missing_ranks)
    files = [file for chain in chains for file in chain]
    is_one = len(files) == 1
    try:
        # Of one file alone, nothing else can be left out.
        is_whole = is_one and rules.repeated_steps == "all"
        storage = files[0].storage if is_whole else MergedStorage(chains, rules)
        head = files[0].head if is_one else joint_head(files)
        return Trace(files, head, storage, cache_bytes=cache_bytes, rules=rules)
    except BaseException:
        for file in files:
            file.storage.close()
        raise


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A trace as it was at one moment: what it takes to open it once more, in whichever process.

    Attributes:
        paths: its files.
        id: its id.
        samples: how many it had.
        rules: how its files were put together.
        contents: what they were, as `Contents` tells it; None where that couldn't be had.
        role: what it is to whoever opens it again, for messages.
        remedy: what helps where it is gone, for messages.
        urls: of the paths that stand for files elsewhere, where these are; for other processes.
    """

    paths: tuple[Path, ...]
    id: str
    samples: int
    rules: MergeRules = field(default_factory=MergeRules)
    contents: dict[str, Any] | None = field(default=None, compare=False, repr=False)
    role: str = field(default="the trace that was opened before", compare=False)
    remedy: str = field(default="open it anew", compare=False)
    urls: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, trace: Trace, **words: str) -> Snapshot:
        """A trace as it is now.

        Args:
            trace: it may be closed.
            words: `role` and `remedy`.
        """
        return cls(
            paths=trace.paths,
            id=trace.id,
            samples=len(trace),
            # What is missing was missing then: the id says so.
            rules=replace(trace.rules, missing_ranks="allow"),
            contents=trace.contents(),
            urls=urls_of(trace.paths),
            **words,
        )

    def absolute(self) -> Snapshot:
        """The same with whole paths, for a process that may work in another folder by then."""
        return replace(self, paths=tuple(path.absolute() for path in self.paths))

    def opened(self, *, cache_bytes: int | None = None) -> Trace:
        """The trace once more, with the samples that it had; it may have grown.

        Args:
            cache_bytes: see `open_trace`.

        Raises:
            TraceError: it isn't there any more, is shorter now, was edited, or another trace is in its place.
        """
        here = know(self.urls)
        paths = tuple(here.get(str(path), path) for path in self.paths)
        if gone := [path for path in paths if not path.exists()]:
            msg = f"{gone[0]}: expected {self.role}, found no file there; {self.remedy} where it is now"
            raise TraceError(msg)
        trace = _opened(paths, cache_bytes or 0, self.rules)
        if found := self._fault_of(trace):
            trace.close()
            msg = f"{trace.path}: expected {self.role}, found {found}; {self.remedy}"
            raise TraceError(msg)
        trace.rewind(self.samples)
        return trace

    def _fault_of(self, trace: Trace) -> str:
        """What was found in its place; empty where it is the same."""
        if trace.id != self.id:
            return "another trace"
        if len(trace) < self.samples:
            return f"{len(trace):,} of {self.samples:,} samples"
        if self.contents is not None and not Contents(trace).has(self.contents):
            return "it edited since then"
        return ""


def _pickled(trace: Trace) -> tuple[Any, ...]:
    return _unpickled, (Snapshot.of(trace).absolute(), trace.cache_bytes)


def _unpickled(snapshot: Snapshot, cache_bytes: int) -> Trace:
    return snapshot.opened(cache_bytes=cache_bytes)


# Not a method of Trace, which knows nothing of how it is opened.
copyreg.pickle(Trace, _pickled)
