"""The counters of a file say how many of its samples may be believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import pytest

from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.reading.storage import Storage
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, check, feed, sent
from tests.trace.reading.refused import message

if TYPE_CHECKING:
    from pathlib import Path


STEPS = 60
LIBVER = ("v110", "v110")
FORMAT = "expected a trace as docs/trace-format.md describes it, found: "


COUNTERS = {
    "committed": {"committed": 10**9},
    "none committed": {"committed": -1},
    "fewer committed": {"committed": 3},
    "in chunks": {"in_chunks": 10**9, "committed": 10**9},
    "none in chunks": {"in_chunks": -5, "committed": 0, "closed": 0},
}


@pytest.mark.parametrize("values", COUNTERS.values(), ids=COUNTERS)
def test_counters_that_do_not_fit(roomy: Path, values: dict[str, int]) -> None:
    with h5py.File(roomy, "r+", libver=LIBVER) as file:
        for name, value in values.items():
            file[f"progress/{name}"][()] = value
        counts = [file[f"progress/{name}"][()] for name in ("committed", "in_chunks")]
    assert message(roomy) == (
        f"{FORMAT}counters that don't fit the data: {counts[0]} samples committed, {counts[1]} in chunks, "
        f"{len(sent(0, STEPS)['step'])} there"
    )


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("after", [1, 2, 3])
def test_closed_is_never_said_of_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    expected, counts = sent(6, 40), []
    with TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        feed(writer, 6, range(20))
        writer.commit()
        with open_trace(tmp_path / "run.h5") as trace:
            original = Storage._counter

            def counter(storage: Storage, name: str) -> int:
                value = original(storage, name)
                counts.append(name)
                if len(counts) == after:
                    # The trace is finished just between the reader's counters.
                    feed(writer, 6, range(20, 40))
                    writer.close()
                return value

            monkeypatch.setattr(Storage, "_counter", counter)
            size = trace.refresh()
            assert not trace.closed or size == len(expected["step"])
            check(trace, expected)
