"""The bytes of a file, wherever it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence


class ByteSource(Protocol):
    """The bytes of a file, wherever it lies; threads may share it."""

    def read(self, address: int, count: int) -> bytes:
        """So many bytes, or fewer at its end.

        Raises:
            OSError: it is closed, or can't be read.
        """
        ...

    @property
    def version(self) -> str:
        """What tells this content of the file from any other; empty where only the content itself does."""
        ...

    def prefetch(self, needed: Sequence[tuple[int, int]], ahead: Sequence[tuple[int, int]] = ()) -> None:
        """Make sure that it takes no long wait to read some parts, each from an address to another.

        Args:
            needed: the parts.
            ahead: what is likely to be read next; fetched together with what is needed, if any of that has to be.

        Raises:
            OSError: they can't be read.
        """
        ...

    def status(self) -> os.stat_result:
        """What the system says of the file."""
        ...

    def close(self) -> None:
        """Read no more of it; closing twice does no harm."""
        ...
