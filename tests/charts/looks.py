"""A run to look at, recorded and analysed anew for each example."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import sparsey_trace as st
from sparsey_trace.charts.shared.run import Run
from sparsey_trace.replay.analyze import by_sample
from sparsey_trace.testing import runs, write_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sparsey_trace import Chunk, Result, Trace

ANY_RUNS = runs().filter(len)
RUNS = runs(real_inputs=False).filter(len)


@contextlib.contextmanager
def looked_at(chunk: Chunk) -> Iterator[Run]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.h5"
        write_run(path, chunk)
        with st.open_trace(path) as trace:
            yield run_of(trace, st.analyze(trace))


def run_of(trace: Trace, result: Result) -> Run:
    return Run(name="run", trace=trace, tables=result, by_sample=by_sample)
