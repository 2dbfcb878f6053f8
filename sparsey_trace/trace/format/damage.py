"""What damage looks like from Python, as an error of one line that names the file."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from sparsey_trace.errors import TraceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


DAMAGE = (ArithmeticError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)
"""What h5py and numpy raise on a file whose bytes aren't what they should be."""


@contextlib.contextmanager
def reading(path: str | Path, expected: str) -> Iterator[None]:
    """Turn what h5py raises on a damaged file into an error of one line that names it.

    Raises:
        TraceError: something was raised.
    """
    try:
        yield
    except DAMAGE as error:
        # A KeyError shows itself in quotes.
        text = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
        found = " ".join(text.split()) or type(error).__name__
        msg = f"{path}: expected {expected}, found: {found}"
        raise TraceError(msg) from error
