"""A table of which others have written the parts: put together, and given its place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sparsey_trace.support.writing import writing
from sparsey_trace.tables.manifest import Manifest, Part, manifest_path, write_manifest
from sparsey_trace.tables.stream import Halt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sparsey_trace.tables.run_totals import RunTotals


class PartedTable:
    """A table in parts, put together in the order of the trace; see `manifest`.

    Args:
        path: its folder, whose name is the table's.
        provenance: of the whole table, with notes.
        kept: parts of an earlier table that stay as they are.
        totals: of these.

    Attributes:
        path: its folder.
        totals: of all that was added, and kept.
    """

    def __init__(
        self,
        path: Path,
        provenance: dict[str, Any],
        *,
        kept: Sequence[Part] = (),
        totals: Mapping[str, RunTotals] | None = None,
    ) -> None:
        """Nothing is added yet."""
        self.path = path
        self._metadata: dict[str, Any] = {"sparsey_trace": provenance}
        self._parts = list(kept)
        self._new: list[tuple[Part, Path]] = []
        self.totals = dict(totals or {})
        self._settled = self.totals

    def add(self, part: Part, rows: Path, totals: Mapping[str, RunTotals]) -> None:
        """The next part: its file as it is now, and the totals of its values."""
        self._settled = self.totals
        self.totals = {
            name: self.totals[name].followed_by(found) if name in self.totals else found
            for name, found in totals.items()
        }
        self._parts.append(part)
        self._new.append((part, rows))

    @property
    def halt(self) -> Halt:
        """Where its settled parts end: all but the last, which later samples may still join."""
        return Halt(sum(part.rows for part in self._parts[:-1]), None, self._settled)

    def add_metadata(self, metadata: Mapping[bytes, bytes]) -> None:
        """Put more into the table's metadata."""
        self._metadata |= {key.decode(): json.loads(value) for key, value in metadata.items()}

    def finish(self) -> None:
        """Nothing waits to be written."""

    def publish(self) -> None:
        """Move the parts to their places, and say that they make up the table.

        Raises:
            OutputError: that can't be done.
        """
        with writing(self.path):
            manifest_path(self.path).unlink(missing_ok=True)
            self.path.mkdir(exist_ok=True)
            for part, rows in self._new:
                rows.replace(self.path / part.file)
            remove_parts(self.path, but=[part.file for part in self._parts])
        write_manifest(self.path, Manifest(metadata=self._metadata, parts=tuple(self._parts)))
        with writing(self.path):
            self.path.with_name(f"{self.path.name}.parquet").unlink(missing_ok=True)

    def discard(self) -> None:
        """Its parts are others' to remove."""


def forget_parts(path: Path) -> None:
    """Say that parts make up a table no more, as a single file is about to."""
    with writing(path):
        manifest_path(path).unlink(missing_ok=True)


def remove_parts(path: Path, *, but: Sequence[str] = ()) -> None:
    """Remove parts of a table that belong to it no more, and its folder where nothing is left in it.

    Raises:
        OSError: they can't be removed.
    """
    if not path.is_dir() or path.is_symlink():
        return
    for part in path.glob("part-*.parquet"):
        if part.name not in but:
            part.unlink()
    if not but and not any(path.iterdir()):
        path.rmdir()
