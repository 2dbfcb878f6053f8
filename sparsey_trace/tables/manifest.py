"""Tables in several parts: a folder of Parquet files, and beside it a manifest, which is what readers trust.

basis_set_size/part-00000.parquet     the rows of a partition of the trace
basis_set_size/part-00001.parquet
basis_set_size.manifest.json          which parts make up the table, and what it depends on

The manifest is removed before the first part is replaced, and written after the last. It stands outside the folder, so
that tools that read a whole folder find nothing in it but tables.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sparsey_trace.support.own_files import beginning
from sparsey_trace.support.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PARTED = ("sample", "step")
"""The resolutions whose tables may lie in parts; of others there are few rows, made of exact totals of all parts."""

_ENDING = ".manifest.json"
_LONGEST = 1 << 26
"""Bytes of a manifest that are read: of some 300,000 parts."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a table.

    Attributes:
        file: its name in the table's folder.
        start: the first sample of its partition.
        rows: how many it has.
        size: of the file, in bytes.
        digest: of the file, BLAKE2b as hex digits.
    """

    file: str
    start: int
    rows: int
    size: int
    digest: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What makes up a table.

    Attributes:
        metadata: of the table, by the keys under which a single file has them in its own.
        parts: in order of their rows.
    """

    metadata: Mapping[str, Any]
    parts: tuple[Part, ...]

    @property
    def schema_metadata(self) -> dict[bytes, bytes]:
        """The metadata as a single file would have them."""
        return {
            key.encode(): json.dumps(value, sort_keys=True).encode() for key, value in self.metadata.items()
        }


def part_name(number: int) -> str:
    """The file of a partition's rows, by the partition's number.

    >>> part_name(12)
    'part-00012.parquet'
    """
    return f"part-{number:05}.parquet"


def is_part_name(name: str) -> bool:
    """Whether a file is named as parts are."""
    return re.fullmatch(r"part-[0-9]{5,9}\.parquet", name) is not None


def manifest_path(table: Path) -> Path:
    """Where the manifest of a table stands whose parts lie in a folder."""
    return table.with_name(f"{table.name}{_ENDING}")


def table_of_manifest(path: Path) -> str | None:
    """The name of the table that a file is a manifest of, by its own name; None where it is none."""
    return path.name.removesuffix(_ENDING) if path.name.endswith(_ENDING) else None


def read_manifest(table: Path) -> Manifest | None:
    """What makes up the table in a folder; None where nothing says so that can be read."""
    found = beginning(manifest_path(table), _LONGEST)
    try:
        said = json.loads(found or b"")
        parts = tuple(Part(**part) for part in said["parts"])
        if not all(_is_plain(part) for part in parts) or not isinstance(said["metadata"], dict):
            return None
        return Manifest(metadata=said["metadata"], parts=parts)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def write_manifest(table: Path, manifest: Manifest) -> None:
    """Say what makes up the table in a folder.

    Raises:
        OutputError: it can't be written.
    """
    said = {"metadata": dict(manifest.metadata), "parts": [asdict(part) for part in manifest.parts]}
    write_whole(manifest_path(table), json.dumps(said, sort_keys=True, allow_nan=False, indent=1).encode())


def table_at(folder: Path, name: str) -> Path:
    """Where a table lies in a folder of results: a folder of parts that a manifest speaks of, else a file."""
    return folder / name if manifest_path(folder / name).is_file() else folder / f"{name}.parquet"


def _is_plain(part: Part) -> bool:
    """Whether a part is named as parts are, so that no manifest leads elsewhere."""
    kinds = {type(part.start), type(part.rows), type(part.size)}
    return is_part_name(part.file) and kinds == {int}
