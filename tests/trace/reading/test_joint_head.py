"""What several files say together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.trace.format.run_part import RunPart
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, feed
from tests.trace.ranks import (
    RANKS,
    name_of,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_the_id_is_that_of_the_files_however_they_are_named(parts: list[Path]) -> None:
    folder = parts[0].parent
    sources = (parts, parts[::-1], folder / "run.*.h5", str(folder / "run.rank?.2.h5"), [folder / "*.h5"])
    ids = {open_trace(source).id for source in sources}
    assert len(ids) == 1
    assert ids.isdisjoint(open_trace(path).id for path in parts)
    assert len(ids.pop()) == 32


def test_what_was_left_out_is_put_together(tmp_path: Path) -> None:
    rules = [{"layers": ["mid"], "every": 2}, {"layers": ["mid"], "phases": ["train"]}]
    paths = [tmp_path / name_of(rank, 0) for rank in range(RANKS)]
    for rank, path in enumerate(paths):
        part = RunPart(rank=rank, num_ranks=RANKS)
        with TraceWriter(path, LAYOUT, sampling=rules[rank], part=part) as writer:
            feed(writer, rank, range(3))
            writer.note_drops([5 - rank, 6])
    with open_trace(paths) as trace:
        assert trace.drops.tolist() == [4, 5, 6]
        assert trace.sampling == {
            "layers": ["mid"],
            "predicate": 'the rule of each file (run.rank0.h5: {"every": 2}, run.rank1.h5: {"phases": ["train"]})',
        }
