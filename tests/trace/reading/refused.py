"""What is said of a file that is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.trace.feed import read

if TYPE_CHECKING:
    from pathlib import Path


def message(path: Path) -> str:
    """The error of reading all of a file: one line, the file's name first."""
    with pytest.raises(TraceError) as caught, open_trace(path) as trace:
        read(trace, 0, len(trace))
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    return text.removeprefix(f"{path}: ")
