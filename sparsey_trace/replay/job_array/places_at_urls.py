"""Where the parts of an array leave what others go on with, in a store.

s3://bucket/run.metrics/array-0a1b2c3d4e5f60718293a4b5/asked/…      what the parts are asked
s3://bucket/run.metrics/array-0a1b2c3d4e5f60718293a4b5/00003-1/…    what the first round came to in partition 3
s3://bucket/run.metrics/array-0a1b2c3d4e5f60718293a4b5/merged/…     what all of it came to
s3://bucket/run.metrics/array-0a1b2c3d4e5f60718293a4b5/00003-2/…    what the second came to

Each is a folder with a manifest, which is written last (`support/stored_folder.py`): of a part that died half way there
is none, and of one that was run twice either's counts whole. The files are those that a folder here has; each process
brings what it leans on into a folder of its own.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sparsey_trace.errors import TraceError, call_by_url
from sparsey_trace.replay.cache.private_folder import FOLDER, make_private
from sparsey_trace.replay.job_array.places import ASKED, ArrayPlace, named_array
from sparsey_trace.replay.results_place import ResultsPlace
from sparsey_trace.support.stored_folder import ARRAY

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from sparsey_trace.replay.partitioned.job import Job
    from sparsey_trace.support.stored_folder import StoredFolder
    from sparsey_trace.trace.reading.trace import Trace

_ASKED = "asked"
_AT_ONCE = 8
"""Folders that are brought at once: stores answer late, and many."""


class ArrayAtUrl(ArrayPlace):
    """A URL, and a folder here for what is worked on.

    Args:
        results: where the tables go.
        stored: the URL.
        named: the name of the array, where there may be several.
    """

    def __init__(self, results: ResultsPlace, stored: StoredFolder, named: str = "") -> None:
        """Nothing is looked at yet."""
        super().__init__(results, named)
        self._stored = stored
        self._left: set[str] = set()
        self._is_kept = False
        call_by_url(str(self.folder / FOLDER / ARRAY), f"{stored.url}/{ARRAY}")
        call_by_url(str(self.folder), stored.url)

    @property
    def name(self) -> str:
        """The URL."""
        return self._stored.url

    def begin(self, job: Job, trace: Trace, asked: bytes) -> None:
        """See `ArrayPlace`."""
        super().begin(job, trace, asked)
        self.look(job)
        if not self.is_whole(job, _ASKED, [job.folder / ASKED]):
            self.leave(job, _ASKED, [job.folder / ASKED])

    def arrays(self) -> list[Path]:
        """See `ArrayPlace`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        make_private(self.folder / FOLDER)
        for name in self._stored.beside():
            self._stored.within(name).within(_ASKED).bring(self.folder / FOLDER / name)
        return super().arrays()

    def look(self, job: Job) -> None:
        """See `ArrayPlace`."""
        self._left = self._of(job).finished_within()

    def has(self, name: str, files: Collection[Path]) -> bool:
        """See `ArrayPlace`."""
        return name in self._left

    def is_whole(self, job: Job, name: str, files: Collection[Path]) -> bool:
        """See `ArrayPlace`."""
        with contextlib.suppress(TraceError):
            return self.has(name, files) and {path.name for path in files} <= self.files_of(job, name)
        return False

    def files_of(self, job: Job, name: str) -> set[str]:
        """See `ArrayPlace`."""
        manifest = self._of(job).within(name).manifest()
        return set() if manifest is None else {file.name for file in manifest.files}

    def bring(self, job: Job, wanted: Mapping[str, Sequence[Path]]) -> None:
        """See `ArrayPlace`."""
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="sparsey-trace store") as pool:
            # Lists, so that all are waited for, and what one raises is raised.
            list(pool.map(lambda one: self._bring(job, *one), wanted.items()))

    def _bring(self, job: Job, name: str, files: Sequence[Path]) -> None:
        lacking, there = {path.name for path in files if not path.exists()}, self._of(job).within(name)
        if not lacking:
            return
        try:
            found = there.bring(job.folder, only=lacking)
        except TraceError as error:
            msg = f"{error}; remove {there.url}, and run again what left it"
            raise TraceError(msg) from error
        if found is None or not lacking <= {file.name for file in found.files}:
            msg = f"{there.url}: expected what another process left there, found it gone; run again what left it"
            raise TraceError(msg)

    def leave(self, job: Job, name: str, files: Sequence[Path]) -> None:
        """See `ArrayPlace`."""
        there = self._of(job).within(name)
        if name in self._left:
            # It was found not to be whole.
            there.remove()
        there.publish(job.folder, only=[path.name for path in files])

    def drop(self, files: Sequence[Path]) -> None:
        """See `ArrayPlace`."""
        for path in files:
            path.unlink(missing_ok=True)

    def publish(self, job: Job) -> None:
        """See `ArrayPlace`."""
        # What can't be stored stays here, and the message says where.
        self._is_kept = True
        self._results.publish()
        self._is_kept = False
        # First what makes it an array: half of one would ask for what is missing.
        self._of(job).within(_ASKED).remove()
        self._of(job).remove()

    def close(self) -> None:
        """See `ArrayPlace`."""
        if not self._is_kept:
            self._results.discard()

    def _of(self, job: Job) -> StoredFolder:
        return self._stored.within(job.folder.name)


def array_place(out: str | os.PathLike[str], *, is_merged: bool) -> ArrayPlace:
    """The place that all parts of an array see.

    Args:
        out: a folder, or a URL; or that of one array in it.
        is_merged: whether tables are to be made, beside those that are there.

    Raises:
        UsageError: the name is empty, or a URL that fsspec doesn't know.
        OutputError: it can't be written to, or holds something else.
        TraceError: what lies there can't be read.
    """
    out, named = named_array(out)
    results = ResultsPlace.of(out, is_brought=is_merged)
    return (
        ArrayPlace(results, named) if results.stored is None else ArrayAtUrl(results, results.stored, named)
    )
