"""Where results go, and where they are read again: in a folder here, or at a URL.

Of what is at a URL there is a copy here while it is worked on, with which all goes as in any folder.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sparsey_trace.errors import OutputError, TraceError, call_by_path, call_by_url
from sparsey_trace.support.stored_folder import StoredFolder
from sparsey_trace.support.stores import folder_for_copies, here, path_of
from sparsey_trace.support.suggest import TRACES
from sparsey_trace.support.user_path import url_named, user_path

if TYPE_CHECKING:
    import os

_PREFIX = "sparsey-trace-"
_brought: dict[str, tuple[str, Path]] = {}
"""By URL, the snapshot that was brought here last, and where to."""


@dataclass(frozen=True, kw_only=True)
class ResultsPlace:
    """Where an analysis writes.

    Attributes:
        folder: to write to.
        temporary: what is to be removed with the result; None where the folder is the user's.
        stored: where the folder goes when it is done; None where it stays.
    """

    folder: Path
    temporary: Path | None = None
    stored: StoredFolder | None = None

    @classmethod
    def of(cls, out: str | os.PathLike[str] | None, *, is_brought: bool = True) -> ResultsPlace:
        """What was named: a folder, a URL, or nothing, for a folder that lives as long as the result.

        Args:
            out: the same.
            is_brought: whether what lies at a URL is; else no more of it than tells whose it is.

        Raises:
            UsageError: the name is empty, or a URL that fsspec doesn't know.
            OutputError: it can't be written to, or holds something else.
            TraceError: what lies there can't be read.
        """
        if out is None:
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
            return cls(folder=folder, temporary=folder)
        path = path_of(out)
        if path is not None:
            return cls(folder=path)
        stored = StoredFolder(url_named(out))
        stored.check_writable()
        temporary = Path(tempfile.mkdtemp(prefix=_PREFIX))
        place = cls(folder=_called(temporary, stored.url), temporary=temporary, stored=stored)
        try:
            stored.bring(place.folder, only=None if is_brought else _telling_whose(stored))
        except BaseException:
            place.discard()
            raise
        return place

    def publish(self) -> None:
        """Store what was made, where it goes elsewhere; from then on messages call files by their own URLs.

        Raises:
            OutputError: it can't be; what was made stays here, and the message says where.
        """
        if self.stored is None:
            return
        try:
            call_by_url(str(self.folder), self.stored.publish(self.folder))
        except OutputError as error:
            call_by_path(str(self.folder))
            msg = f"{error}; what was made is in {self.folder}"
            raise OutputError(msg) from error
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        """Remove what is here of it, unless it is the user's."""
        if self.temporary is not None:
            shutil.rmtree(self.temporary, ignore_errors=True)


def _telling_whose(stored: StoredFolder) -> list[str]:
    """The smallest table's name: each says of which trace it is."""
    manifest = stored.manifest()
    files = [] if manifest is None else [file for file in manifest.files if file.name.endswith(".parquet")]
    return [file.name for file in sorted(files, key=lambda file: file.size)[:1]]


def results_folder(named: str | os.PathLike[str]) -> Path:
    """A folder of results; of a URL, that of what was brought here, which messages call by the URL.

    Raises:
        UsageError: the name is empty, or a URL that fsspec doesn't know.
        TraceError: there are no results at the URL, or they can't be read.
    """
    url = url_named(named)
    if not url:
        return user_path(named)
    found = results_at(url)
    if found is None:
        msg = f"{url}: expected a folder of results, which `analyze` writes, found none"
        raise TraceError(msg)
    return found


def results_at(url: str) -> Path | None:
    """The results at a URL, brought here; None where there are none.

    Raises:
        UsageError: fsspec doesn't know it.
        TraceError: they can't be read.
    """
    if url.endswith(TRACES):
        return None
    if (path := here(url)) is not None:
        return path if path.is_dir() else None
    stored = StoredFolder(url)
    manifest = stored.manifest()
    snapshot, folder = _brought.get(stored.url, ("", Path()))
    if manifest is None or manifest.snapshot == snapshot:
        return None if manifest is None else folder
    folder = _called(folder_for_copies(), stored.url)
    brought = stored.bring(folder)
    if brought is None:
        return None
    call_by_url(str(folder), f"{stored.url}/{brought.snapshot}")
    _brought[stored.url] = brought.snapshot, folder
    return folder


def _called(parent: Path, url: str) -> Path:
    """A folder here for what lies at a URL, under the same name."""
    folder = parent / url.rpartition("/")[2]
    call_by_url(str(folder), url)
    return folder
