"""validate finds any change of any byte that holds a sample."""

from __future__ import annotations

import random
import re
import shutil
from typing import TYPE_CHECKING

import h5py
import pytest

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.rescue.validate import Report, validate
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.faults import times
from tests.trace.feed import LAYOUT, ROOT, feed, write_left
from tests.trace.ranks import STEPS
from tests.trace.reading.run_files import size_of

if TYPE_CHECKING:
    from pathlib import Path


def chunks(path: Path) -> list[tuple[str, int, int]]:
    """Every chunk of every growing dataset: of which it is, where it stands, and how long it is."""
    found = []

    def visit(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset) and item.chunks and item.maxshape[0] is None:
            infos = (item.id.get_chunk_info(number) for number in range(item.id.get_num_chunks()))
            found.extend((name, info.byte_offset, info.size) for info in infos)

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return found


def test_any_byte_of_a_chunk(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    whole = (ROOT / "sample_traces/digits.h5").read_bytes()
    path.write_bytes(whole)
    spans, rng = chunks(path), random.Random(0)
    for _ in range(times(25, 1000)):
        column, start, size = rng.choice(spans)
        content = bytearray(whole)
        content[start + rng.randrange(size)] ^= 1 << rng.randrange(8)
        path.write_bytes(content)
        with pytest.raises(TraceError, match=f"{re.escape(str(path))}: .*{column}"):
            validate(path)


@pytest.mark.usefixtures("small_chunks")
def test_any_byte_of_a_committed_sample_in_the_tail(tmp_path: Path) -> None:
    path = write_left(tmp_path / "run.h5", steps=7)
    size, whole, rng = validate(path).samples, path.read_bytes(), random.Random(0)
    with h5py.File(path, "r", swmr=True) as file:
        tails: list[h5py.Dataset] = []
        file["tail"].visititems(
            lambda _, item: tails.append(item) if isinstance(item, h5py.Dataset) else None
        )
        spans = [(tail.id.get_offset(), tail.nbytes // len(tail) * size) for tail in tails]
    for _ in range(times(50, 2000)):
        start, length = rng.choice(spans)
        content = bytearray(whole)
        content[start + rng.randrange(length)] ^= 1 << rng.randrange(8)
        path.write_bytes(content)
        with pytest.raises(TraceError, match="tail/checksums: another checksum than that of sample"):
            validate(path)


def test_drops_are_different_steps(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    with TraceWriter(path, LAYOUT) as writer:
        feed(writer, 0, range(2))
        writer.note_drops([5, 9, 7, 9])
    expected = f"{path}: progress/drops: number 3: expected different steps from 0 on, found 9"
    with pytest.raises(TraceError, match=re.escape(expected)):
        validate(path)


def test_validate_reads_all_files(parts: list[Path], tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    report = validate(parts, on_progress=lambda *progress: seen.append(progress))
    note = "not closed: it is still being written, or its writer died"
    left = tuple(f"{path.name}: {note}" for path in parts if ".2." not in path.name)
    *notes, lacking = report.notes
    assert lacking.startswith("5 steps were recorded by some ranks only: 4 (not by 1), ")
    found = Report(samples=report.samples, steps=report.steps, notes=tuple(notes))
    assert found == Report(samples=size_of_all(parts), steps=STEPS, notes=left)
    assert seen[-1] == (report.samples, report.samples)
    paths = [tmp_path / path.name for path in parts]
    for path, copy in zip(parts, paths, strict=True):
        shutil.copy(path, copy)
    damage(paths[-1])
    with pytest.raises(
        TraceError, match=rf"^{paths[-1]}: expected to read samples .* of layers/0/codes, found"
    ):
        validate(tmp_path / "*.h5")


def size_of_all(paths: list[Path]) -> int:
    return sum(map(size_of, paths))


def damage(path: Path) -> None:
    """Flip a byte in the middle of a chunk of winners."""
    with h5py.File(path) as file:
        chunk = file["layers/0/codes"].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset + chunk.size // 2] ^= 1
    path.write_bytes(content)
