"""Where the parts of an array leave what others go on with: in a folder that all of them see.

What is done together has a name: `asked`, a partition's share of a round, `merged`. Here it is files in the folder of
the job, each whole; see `places_at_urls` for what that comes to in a store.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sparsey_trace.replay.cache.private_folder import FOLDER, make_private
from sparsey_trace.replay.results_folder import check_folder
from sparsey_trace.support.stored_folder import ARRAY, IS_ARRAY
from sparsey_trace.support.writing import write_whole, writing

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from sparsey_trace.replay.partitioned.job import Job
    from sparsey_trace.replay.results_place import ResultsPlace
    from sparsey_trace.trace.reading.trace import Trace

ASKED = "asked.json"


def named_array(out: str | os.PathLike[str]) -> tuple[str | os.PathLike[str], str]:
    """Where results go, and the name of an array, where its own folder was named; else an empty one.

    >>> named_array("s3://bucket/run.metrics/array-0a1b2c3d4e5f60718293a4b5")
    ('s3://bucket/run.metrics', 'array-0a1b2c3d4e5f60718293a4b5')
    """
    around, _, name = os.fspath(out).rstrip("/").rpartition("/")
    if not around or IS_ARRAY(name) is None:
        return out, ""
    return around.removesuffix(f"/{FOLDER}"), name


class ArrayPlace:
    """A folder that all parts see.

    Args:
        results: where the tables go.
        named: the name of the array, where there may be several.

    Attributes:
        folder: of the tables.
    """

    def __init__(self, results: ResultsPlace, named: str = "") -> None:
        """Nothing is looked at yet."""
        self._results, self._named = results, named
        self.folder = results.folder

    @property
    def name(self) -> str:
        """What the user calls it."""
        return str(self.folder)

    def begin(self, job: Job, trace: Trace, asked: bytes) -> None:
        """Say what the parts of an array are asked, where none has yet.

        Raises:
            OutputError: there is something that isn't results of this trace, or it can't be written.
        """
        check_folder(self.folder, trace)
        with writing(job.folder):
            job.results.mkdir(parents=True, exist_ok=True)
            make_private(job.folder.parent)
            job.folder.mkdir(exist_ok=True)
        write_whole(job.folder / ASKED, asked)

    def arrays(self) -> list[Path]:
        """The folders of the arrays that were begun, or of the one that was named; in each is what was asked."""
        return sorted(
            path.parent for path in (self.folder / FOLDER).glob(f"{self._named or ARRAY + '*'}/{ASKED}")
        )

    def look(self, job: Job) -> None:
        """See what has been left by now."""

    def has(self, name: str, files: Collection[Path]) -> bool:
        """Whether something was left when it was looked at last."""
        return all(path.exists() for path in files)

    def is_whole(self, job: Job, name: str, files: Collection[Path]) -> bool:
        """Whether what was left can be read."""
        return self.has(name, files)

    def files_of(self, job: Job, name: str) -> set[str]:
        """The names of files that were left."""
        return {path.name for path in job.folder.iterdir()}

    def bring(self, job: Job, wanted: Mapping[str, Sequence[Path]]) -> None:
        """Have files in the job's folder here that were left.

        Raises:
            TraceError: some can't be had.
        """

    def leave(self, job: Job, name: str, files: Sequence[Path]) -> None:
        """Leave files of the job's folder to others.

        Raises:
            OutputError: that can't be done.
        """

    def drop(self, files: Sequence[Path]) -> None:
        """Do without files here that were left."""

    def publish(self, job: Job) -> None:
        """Have the tables where they belong, and nothing of the array left.

        Raises:
            OutputError: that can't be done.
        """

    def close(self) -> None:
        """Remove what is here alone."""
