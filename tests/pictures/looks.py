"""A run to look at, recorded and analysed anew for each example."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import sparsey_trace as st
from sparsey_trace.pictures.run import Run
from sparsey_trace.testing import runs, write_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sparsey_trace import Chunk

ANY_RUNS = runs().filter(len)
RUNS = runs(real_inputs=False).filter(len)


@contextlib.contextmanager
def looked_at(chunk: Chunk) -> Iterator[Run]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.h5"
        write_run(path, chunk)
        with st.open_trace(path) as trace:
            yield Run(name="run", trace=trace, result=st.analyze(trace))
