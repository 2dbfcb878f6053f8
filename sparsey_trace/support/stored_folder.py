"""A folder at a URL, whole or not at all.

s3://bucket/run.metrics/manifest.json                           which snapshot counts, and what is in it
s3://bucket/run.metrics/20261130T025100-1f2e3d4c5b6a7988/…      the files, under the names that they have here
s3://bucket/run.metrics/array-0a1b2c3d4e5f60718293a4b5/…        folders like this one, of a job array that is under way

Stores have no rename, and nothing that keeps two writers apart. So each writer has a snapshot of his own, whose name no
other has, and the manifest, which is one file, is written last: who reads it finds all that one writer wrote. The one
that it replaces is removed then. No manifest but its own ever speaks of a snapshot, so that nobody misses it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import OutputError, TraceError, UsageError
from sparsey_trace.support.stored_manifest import (
    NAME,
    StoredFile,
    StoredManifest,
    is_abandoned,
    is_snapshot,
    new_snapshot,
)
from sparsey_trace.support.stores import store_at, telling

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

ARRAY = "array-"
"""How the folder of a job array is called, by its beginning."""

IS_ARRAY = re.compile(ARRAY + "[0-9a-f]{24}").fullmatch
"""What else may stand there: folders of others who work for the same results."""

_PASSING = (".lock", ".partial")
"""How files end that mean something to this machine only."""

_READ_ATTEMPTS = 3
"""How often a snapshot is looked for that another writer replaces meanwhile."""


class StoredFolder:
    """A folder at a URL.

    Args:
        url: where.

    Raises:
        UsageError: fsspec knows no such store, or needs a package for it that isn't installed.
    """

    def __init__(self, url: str) -> None:
        """Ask for nothing yet."""
        self.url = url.rstrip("/")
        with telling(url, "a URL that fsspec knows", UsageError):
            self._system, root = store_at(self.url)
        self._root = root.rstrip("/")

    def manifest(self) -> StoredManifest | None:
        """What counts now; None where nothing says so.

        Raises:
            TraceError: it can't be read.
        """
        with telling(self.url, "to read what lies there"):
            try:
                content = self._system.cat_file(self._at(NAME))
            except FileNotFoundError:
                return None
            return StoredManifest.parse(content)

    def within(self, name: str) -> StoredFolder:
        """A folder in this one, with a manifest of its own."""
        return StoredFolder(f"{self.url}/{name}")

    def finished_within(self) -> set[str]:
        """The names of the folders in this one that have a manifest.

        Raises:
            TraceError: that can't be found out.
        """
        with telling(self.url, "to look at what lies there"):
            try:
                self._system.invalidate_cache(self._root)
                found = self._system.find(self._root)
            except FileNotFoundError:
                return set()
        names = [name.rpartition(f"{self._root}/")[2].split("/") for name in found]
        return {name[0] for name in names if len(name) == 2 and name[1] == NAME}

    def beside(self) -> list[str]:
        """The names of the folders of others who work for what this one will hold.

        Raises:
            OutputError: that can't be found out.
        """
        return [name for name in self._names() if IS_ARRAY(name)]

    def bring(self, folder: Path, *, only: Collection[str] | None = None) -> StoredManifest | None:
        """Copy it to a folder here, which is made; what lies there, or None where there is nothing.

        Args:
            folder: where to.
            only: the names of what is wanted; by default all.

        Raises:
            TraceError: it can't be read, or isn't what was written.
        """
        for attempt in range(_READ_ATTEMPTS):
            manifest = self.manifest()
            if manifest is None:
                return None
            try:
                with telling(self.url, "to read what lies there"):
                    self._copy(manifest.of(only), folder)
            except TraceError as error:
                is_gone = isinstance(error.__cause__, FileNotFoundError)
                if not is_gone or attempt == _READ_ATTEMPTS - 1:
                    raise
            else:
                return manifest
        return None

    def check_writable(self) -> None:
        """See, before anything is computed, that it can be written to, and holds nothing else.

        Raises:
            OutputError: it can't, or does.
        """
        if "::" in self.url:
            msg = f"{self.url}: expected the URL of a folder in a store, found one that leads through another"
            raise OutputError(msg)
        strange = next((name for name in self._names() if not _is_ours(name)), "")
        if strange and self.manifest() is None:
            msg = f"{self.url}: expected an empty folder, or earlier results, found {strange}; choose another"
            raise OutputError(msg)
        with telling(self.url, "to write results there", OutputError):
            probe = self._at(new_snapshot(), "begun")
            self._system.pipe_file(probe, b"")
            with contextlib.suppress(Exception):
                self._system.rm_file(probe)

    def publish(self, folder: Path, *, only: Collection[str] | None = None) -> str:
        """Store what is in a folder here, in place of what was there.

        Args:
            folder: the folder.
            only: the names of what is stored of it; by default all.

        Returns:
            The URL of its files.

        Raises:
            OutputError: it can't be written; what was there counts as before.
        """
        with telling(self.url, "to write results there", OutputError):
            files = tuple(_files_in(folder, only))
            earlier = self.manifest()
            if earlier is not None and earlier.files == files:
                return f"{self.url}/{earlier.snapshot}"
            manifest = StoredManifest(snapshot=new_snapshot(), files=files)
            try:
                self._upload(manifest, folder)
                self._system.pipe_file(self._at(NAME), manifest.told())
            except BaseException:
                self._remove_unless_it_counts(manifest.snapshot)
                raise
        self._remove_old("" if earlier is None else earlier.snapshot, manifest.snapshot)
        return f"{self.url}/{manifest.snapshot}"

    def remove(self) -> None:
        """Remove all that lies there, as far as that can be done."""
        self._remove()

    def _upload(self, manifest: StoredManifest, folder: Path) -> None:
        stored = sorted({file.at for file in manifest.files})
        there = [self._at(manifest.snapshot, name) for name in stored]
        self._system.put([str(folder / name) for name in stored], there)

    def _copy(self, manifest: StoredManifest, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        places = {file.at: folder / file.at for file in manifest.files}
        for path in {folder / file.name for file in manifest.files} | set(places.values()):
            path.parent.mkdir(parents=True, exist_ok=True)
        there = [self._at(manifest.snapshot, name) for name in places]
        self._system.get(there, [str(path) for path in places.values()])
        for file in manifest.files:
            path = places[file.at]
            if (path.stat().st_size, _digest(path)) != (file.size, file.digest):
                msg = f"{file.name} with another content than was written"
                raise ValueError(msg)
            if path != folder / file.name:
                _make_same(path, folder / file.name)
            os.utime(folder / file.name, ns=(file.modified, file.modified))

    def _remove_old(self, replaced: str, mine: str) -> None:
        """Remove the snapshot that was replaced, and what those have left who were interrupted long ago."""
        with contextlib.suppress(Exception):
            current = self.manifest()
            kept = {mine, "" if current is None else current.snapshot}
            old = {name for name in self._names() if is_abandoned(name)} | ({replaced} - {""})
            for name in old - kept:
                self._remove(name)

    def _remove_unless_it_counts(self, snapshot: str) -> None:
        # The store may have taken the manifest though its answer was lost: in doubt the snapshot stays.
        with contextlib.suppress(Exception):
            current = self.manifest()
            if current is None or current.snapshot != snapshot:
                self._remove(snapshot)

    def _remove(self, *names: str) -> None:
        # What can't be removed takes room, and no more.
        with contextlib.suppress(Exception):
            self._system.invalidate_cache(self._root)
            self._system.rm(self._at(*names), recursive=True)

    def _names(self) -> list[str]:
        """What stands there, without what hides."""
        with telling(self.url, "to look at what lies there", OutputError):
            try:
                self._system.invalidate_cache(self._root)
                found = self._system.ls(self._root, detail=False)
            except FileNotFoundError:
                return []
        names = [name.rstrip("/").rpartition("/")[2] for name in found if name.rstrip("/") != self._root]
        return sorted(names)

    def _at(self, *names: str) -> str:
        return "/".join([self._root, *names])


def _is_ours(name: str) -> bool:
    return name == NAME or is_snapshot(name) or IS_ARRAY(name) is not None


def _files_in(folder: Path, only: Collection[str] | None) -> Iterator[StoredFile]:
    """The files in a folder, also in those below it; those that are the same file have the bytes of the first."""
    known: dict[tuple[int, int], tuple[str, str]] = {}
    for name in sorted((path.relative_to(folder).as_posix() for path in folder.rglob("*")), key=_hidden_last):
        path = folder / name
        if (
            path.is_symlink()
            or not path.is_file()
            or name.endswith(_PASSING)
            or (only is not None and name not in only)
        ):
            continue
        status = path.stat()
        at, digest = known.setdefault((status.st_dev, status.st_ino), (name, ""))
        digest = digest or _digest(path)
        known[status.st_dev, status.st_ino] = at, digest
        yield StoredFile(name=name, at=at, size=status.st_size, digest=digest, modified=status.st_mtime_ns)


def _hidden_last(name: str) -> tuple[bool, str]:
    return any(part.startswith(".") for part in name.split("/")), name


def _make_same(path: Path, other: Path) -> None:
    """Have another path lead to the same file, where the disk can do that, or to a copy."""
    other.unlink(missing_ok=True)
    try:
        os.link(path, other)
    except OSError:
        shutil.copyfile(path, other)


def _digest(path: Path) -> str:
    def blake() -> Any:
        return hashlib.blake2b(digest_size=16)

    with path.open("rb") as stream:
        return hashlib.file_digest(stream, blake).hexdigest()
