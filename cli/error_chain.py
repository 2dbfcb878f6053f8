"""What an error was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """An error, what it was raised from, or while handling what, and so on; each once, as they may go in a circle.

    >>> outer = ValueError("outer")
    >>> outer.__cause__ = outer
    >>> list(chain_of(outer))
    [ValueError('outer')]
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
