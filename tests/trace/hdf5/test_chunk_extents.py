"""No byte of a file belongs to two chunks: an index that says so is refused, by all ways of reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from sparsey_trace.errors import TraceError
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.hdf5 import chunk_locations
from sparsey_trace.trace.hdf5.chunk_extents import overlapping
from sparsey_trace.trace.hdf5.chunk_index import Elements, read_chunk_index
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.rescue.repair import repair
from sparsey_trace.trace.rescue.validate import validate
from tests.trace.feed import write_closed

if TYPE_CHECKING:
    from pathlib import Path

STEPS = 60


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A trace in chunks of 64 samples."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "_CHUNK_BYTES", 1)
        return write_closed(tmp_path_factory.mktemp("trace") / "run.h5", steps=STEPS).read_bytes()


@pytest.fixture
def path(tmp_path: Path, whole: bytes) -> Path:
    (tmp_path / "run.h5").write_bytes(whole)
    return tmp_path / "run.h5"


def element(path: Path, name: str, number: int) -> bytes:
    """What an index says of a chunk: where it is and how long."""
    with h5py.File(path, "r") as file:
        found = file[name].id.get_chunk_info(number)
    return found.byte_offset.to_bytes(8, "little") + found.size.to_bytes(2, "little")


def lead(path: Path, name: str, number: int, target: bytes) -> None:
    """Make the index of a dataset lead to another chunk."""
    content, own = path.read_bytes(), element(path, name, number)
    assert content.count(own) == 1
    path.write_bytes(content.replace(own, target))


CASES = {
    "another of its dataset": ("samples/label", 2, "samples/label", 1),
    "another dataset's": ("samples/label", 2, "samples/step", 2),
    "one of the same samples and layer": ("layers/0/codes", 1, "layers/0/codes", 0),
}


@pytest.mark.parametrize(("name", "number", "other", "target"), CASES.values(), ids=CASES)
def test_one_that_stands_for_another(path: Path, name: str, number: int, other: str, target: int) -> None:
    lead(path, name, number, element(path, other, target))
    expected = r"found: the chunk at \[[0-9, ]+\] shares its bytes with another chunk of the file$"
    with pytest.raises(TraceError, match=expected):
        validate(path)
    with pytest.raises(TraceError, match=expected), open_trace(path) as trace:
        trace.storage.read(name, 0, len(trace))
    found = repair(path, path.with_name("out.h5"))
    assert found.lost
    assert any("shares its bytes" in loss for loss in found.losses)


def test_an_analysis_refuses_it(path: Path) -> None:
    lead(path, "layers/0/codes", 3, element(path, "layers/0/codes", 2))
    with pytest.raises(TraceError, match="shares its bytes with another chunk of the file"):
        analyze(path, metrics=["basis_set_size"], n_jobs=1, engine="serial")


def test_a_damaged_index_harms_its_own_dataset_only(path: Path) -> None:
    with h5py.File(path, "r") as file:
        first = file["samples/label"].id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    # The index block ends before the dataset's first chunk was written.
    block = content.rindex(first.to_bytes(8, "little")) - 14
    assert content[block : block + 4] == b"EAIB"
    content[block] ^= 1
    path.write_bytes(content)
    with open_trace(path) as trace:
        assert len(trace.storage.read("samples/step", 0, len(trace))) == len(trace)
        with pytest.raises(TraceError, match="a list of chunks with a block"):
            trace.storage.read("samples/label", 0, len(trace))


def test_indexes_are_no_longer_than_all_of_them_fit_in_the_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with h5py.File(path, "r+", libver=("v110", "v110")) as file:
        names: list[str] = []
        file.visititems(lambda name, item: names.append(name) if getattr(item, "chunks", None) else None)
        growing = [name for name in names if file[name].maxshape[0] is None and "drops" not in name]
        for name in growing:
            file[name].resize(1 << 40, axis=0)
    asked: list[int] = []

    def read(*given: Any) -> Elements:
        asked.append(given[-1])
        return read_chunk_index(*given)

    monkeypatch.setattr(chunk_locations, "read_chunk_index", read)
    assert not repair(path, path.with_name("out.h5")).lost
    assert len(asked) >= len(growing)
    of_one_trace, repaired = path.stat().st_size // 16, 100
    assert sum(asked) < of_one_trace + repaired


def test_overlaps_are_all_found() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        begins = rng.integers(1, 200, 12)
        ends = begins + rng.integers(1, 20, 12)
        pairs = (begins[:, None] < ends) & (begins < ends[:, None])
        expected = pairs.sum(axis=0) > 1
        assert overlapping(begins, ends).tolist() == expected.tolist()
