"""Files of runs, and what is said of those that don't make one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.format.run_part import RunPart
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, step

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.layout import Layout

ALONE = "; to read one file, name it alone"


def write(path: Path, steps: range, *, layout: Layout = LAYOUT, inputs: str = "auto", **part: Any) -> Path:
    with TraceWriter(path, layout, inputs=inputs, part=RunPart(**part)) as writer:
        for number in steps:
            given = step(0, number, layout=layout)
            kept = {} if inputs != "none" else {"inputs": None}
            writer.append(**given | kept, step=number)
    return path


def size_of(path: Path) -> int:
    with open_trace(path) as trace:
        return len(trace)


def refused(*files: Path) -> str:
    with pytest.raises(TraceError) as caught:
        open_trace(files)
    return str(caught.value)
