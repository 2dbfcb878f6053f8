"""What a folder at a URL says of itself: which of its snapshots counts, and what is in that."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

NAME = "manifest.json"
"""Of the file, at the URL."""

_FORMAT = "sparsey-trace folder 1"
_SNAPSHOT = re.compile(r"([0-9]{8}T[0-9]{6})-[0-9a-f]{16}")
_TIME = "%Y%m%dT%H%M%S"
_ABANDONED = timedelta(days=7)
"""How old a snapshot is that nobody uploads any more."""


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A file of a folder.

    Attributes:
        name: where it is in the folder, with slashes.
        at: where its bytes are in the snapshot: several files that are the same one are stored once.
        size: in bytes.
        digest: BLAKE2b, as hex digits.
        modified: when it was changed last, in nanoseconds since 1970.
    """

    name: str
    at: str
    size: int
    digest: str
    modified: int


@dataclass(frozen=True, kw_only=True)
class StoredManifest:
    """What counts at a URL.

    Attributes:
        snapshot: the name of its folder.
        files: in it.
    """

    snapshot: str
    files: tuple[StoredFile, ...]

    def told(self) -> bytes:
        """As it is stored."""
        files = [asdict(file) for file in self.files]
        said = {"format": _FORMAT, "snapshot": self.snapshot, "files": files}
        return json.dumps(said, indent=1).encode()

    def of(self, only: Collection[str] | None) -> StoredManifest:
        """The same, of some of the files alone; of all by default."""
        return replace(self, files=tuple(file for file in self.files if only is None or file.name in only))

    @classmethod
    def parse(cls, content: bytes) -> StoredManifest:
        """What was stored, which never leads out of the folder.

        Raises:
            ValueError: it is something else.
        """
        try:
            said = json.loads(content)
            files = tuple(StoredFile(**file) for file in said["files"])
            found = cls(snapshot=said["snapshot"], files=files)
            is_sound = (
                said["format"] == _FORMAT and is_snapshot(found.snapshot) and all(map(_is_sound, files))
            )
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            msg = f"something else: {type(error).__name__}: {error}"
            raise ValueError(msg) from error
        if not is_sound:
            msg = "something else"
            raise ValueError(msg)
        return found


def new_snapshot() -> str:
    """The name of a snapshot that is begun now, which no other has."""
    return f"{datetime.now(UTC).strftime(_TIME)}-{secrets.token_hex(8)}"


def is_snapshot(name: Any) -> bool:
    """Whether a folder is called as snapshots are."""
    return isinstance(name, str) and _SNAPSHOT.fullmatch(name) is not None


def is_abandoned(name: str) -> bool:
    """Whether a snapshot was begun so long ago that nobody uploads it any more."""
    found = _SNAPSHOT.fullmatch(name)
    if found is None:
        return False
    try:
        begun = datetime.strptime(found[1], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return False
    return datetime.now(UTC) - begun > _ABANDONED


def _is_sound(file: StoredFile) -> bool:
    kinds = [type(file.size), type(file.modified), type(file.digest)]
    return kinds == [int, int, str] and _is_below(file.name) and _is_below(file.at)


def _is_below(name: Any) -> bool:
    if not isinstance(name, str) or "\\" in name or "\0" in name or ":" in name:
        return False
    return all(part not in ("", ".", "..") for part in name.split("/"))
