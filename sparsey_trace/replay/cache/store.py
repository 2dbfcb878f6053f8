"""The folder `.sparsey-trace` beside a trace's tables: what is read from it, and how it is kept clean."""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import CacheWarning
from sparsey_trace.replay.cache.private_folder import FOLDER, make_private, whose
from sparsey_trace.replay.cache.sealed_files import (
    SIGNATURE,
    Unkept,
    Unsealed,
    about_sealed,
    read_sealed,
    write_sealed,
)
from sparsey_trace.support.writing import remove_partials
from sparsey_trace.trace.reading.contents import Contents

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from sparsey_trace.trace.reading.trace import Trace

_KINDS = (".table", ".fold")


class Unknown(Exception):
    """Nothing is known that could be used.

    Attributes:
        why: in words.
    """

    def __init__(self, *, why: str) -> None:
        """See the class."""
        super().__init__(why)
        self.why = why


class Store:
    """What is kept of one trace in a folder of tables. Whoever writes holds the folder; see `Outputs`.

    Args:
        folder: of the tables.
        trace: the trace.
        content: what it held when it was read, where that was taken down before.

    Attributes:
        tables: the folder of the tables.
    """

    def __init__(self, folder: Path, trace: Trace, *, content: dict[str, Any] | None = None) -> None:
        """Touch nothing yet."""
        self.tables, self._folder, self._trace = folder, folder / FOLDER, trace.id
        self._contents = Contents(trace)
        self._content = content

    def path(self, name: str) -> Path:
        """Where something is kept."""
        return self._folder / name

    def read(self, name: str, types: Sequence[type], maker: str | None) -> tuple[dict[str, Any], Any]:
        """What is kept under a name, and what is said of it.

        Args:
            name: the file's.
            types: the dataclasses that may be in it.
            maker: the code that has to have made it; see `cache_identity`.

        Raises:
            Unknown: nothing that could be used; a warning names a file that is damaged.
        """
        if maker is None:
            raise Unknown(why="nothing tells whether its code has changed")
        if found := whose(self._folder):
            raise Unknown(why=f"{FOLDER} is {found}")
        try:
            about, value = read_sealed(self.path(name), types)
        except FileNotFoundError:
            raise Unknown(why="nothing was kept of it") from None
        except Unsealed as fault:
            warn(f"{self.path(name)}: expected what an earlier analysis kept there, found {fault}")
            raise Unknown(why=f"{name} in {FOLDER} was damaged") from fault
        if about.get("trace") != self._trace:
            raise Unknown(why="what was kept is of another trace")
        if about.get("maker") != maker:
            raise Unknown(why="what was kept was made by other code")
        return about, value

    def check_content(self, about: Mapping[str, Any]) -> None:
        """See that the trace begins with what it held when something was kept of it; it is no shorter now.

        Raises:
            Unknown: it was edited since.
        """
        if not self._contents.has(about.get("content")):
            raise Unknown(why="the trace was edited since")

    @property
    def content(self) -> dict[str, Any] | None:
        """What the trace held when that was taken down."""
        return self._content

    def take_content(self) -> None:
        """Take down what the trace holds, before it is read: what is written from now on is of that."""
        self._content = self._contents.now()

    def write(
        self, name: str, about: Mapping[str, Any], value: Any, types: Sequence[type], maker: str | None
    ) -> None:
        """Keep a value that can be kept, of a maker and a content that will be known again.

        Raises:
            OSError: it can't be written.
        """
        if maker is not None and self._content is not None:
            with contextlib.suppress(Unkept):
                stamped = {**about, "trace": self._trace, "maker": maker, "content": self._content}
                write_sealed(self.path(name), stamped, value, types)

    def prepare(self) -> None:
        """Make the folder, and remove from it what no analysis can use any more: what is of another trace.

        What isn't known for ours stays.

        Raises:
            OSError: it can't be made, or something else is in its place.
        """
        make_private(self._folder)
        for kind in _KINDS:
            remove_partials(self._folder, SIGNATURE, ending=kind)
        for path in list(self._folder.iterdir()):
            if path.suffix in _KINDS and trace_of(path) not in (None, self._trace):
                path.unlink()

    def forget(self, names: Iterable[str]) -> None:
        """Remove what is kept under these names."""
        if whose(self._folder):
            return
        for name in names:
            with contextlib.suppress(OSError):
                self.path(name).unlink()


def trace_of(path: Path) -> str | None:
    """The id of the trace of which a file in a store is; None where it isn't one of ours that says so."""
    try:
        found = about_sealed(path).get("trace")
    except (FileNotFoundError, Unsealed):
        return None
    return found if isinstance(found, str) else None


def warn(found: str) -> None:
    """Name something damaged."""
    warnings.warn(f"{found}; it is computed anew", CacheWarning, stacklevel=2)
