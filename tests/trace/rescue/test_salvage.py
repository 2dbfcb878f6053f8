"""What is saved of broken traces: every step that is whole, as it was sent, and nothing else."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from sparsey_trace.errors import TraceError
from sparsey_trace.tables.gaps import Gaps
from sparsey_trace.trace.hdf5.chunk_locations import ChunkLocations
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.faults import times
from tests.trace.feed import sent
from tests.trace.rescue.saved import STEPS, chunk_at, flip, saved

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.trace.hdf5.chunk_index import Elements


@pytest.mark.parametrize("name", ["layers/0/codes", "samples/step", "inputs", "layers/1/active"])
def test_a_broken_chunk_costs_the_steps_in_it(closed: Path, name: str) -> None:
    pieces = 2 if name == "layers/0/codes" else 1
    offset, size = chunk_at(closed, name, 1 * pieces)
    flip(closed, offset + size // 2)
    found = saved(closed)
    steps = sent(0, STEPS)["step"]
    touched = np.unique(steps[64:128])
    # Where the steps of the lost samples are lost too, the steps around them may be torn.
    torn = [touched[0] - 1, touched[-1] + 1] if name == "samples/step" else []
    with open_trace(closed.with_name("repaired.h5")) as trace:
        kept = set(trace.samples.step[:].tolist())
    assert kept >= set(steps.tolist()) - {*touched.tolist(), *torn}
    assert not kept & set(touched.tolist())
    assert found.lost >= 64
    with open_trace(closed.with_name("repaired.h5")) as trace:
        assert trace.drops.tolist() == sorted(set(steps.tolist()) - kept)
        assert str(Gaps.of(trace)).startswith(f"{len(trace.drops)} steps were missing: ")
    (loss,) = found.losses
    assert loss.startswith("samples 64 to 128: ")
    assert name in loss


def test_a_broken_sample_in_the_tail_costs_its_step(left: Path) -> None:
    with open_trace(left) as trace:
        boundary = trace.storage.in_chunks
    with h5py.File(left, "r", swmr=True) as file:
        offset = file["tail/samples/label"].id.get_offset()
    flip(left, offset + 8 * 3)
    found = saved(left)
    steps = sent(0, STEPS)["step"]
    gone = steps[boundary + 3]
    with open_trace(left.with_name("repaired.h5")) as trace:
        kept = set(trace.samples.step[:].tolist())
        assert trace.drops.tolist() == sorted(set(steps.tolist()) - kept)
    assert gone not in kept
    assert kept >= set(steps.tolist()) - {gone - 1, gone, gone + 1}
    assert found.losses == ("tail/checksums: of 1 samples is another",)


@pytest.mark.parametrize("value", [1 << 40, -1, 3])
@pytest.mark.parametrize("name", ["committed", "in_chunks"])
def test_broken_counters(closed: Path, name: str, value: int) -> None:
    with h5py.File(closed, "r+") as file:
        file[f"progress/{name}"][()] = value
    found = saved(closed)
    assert (found.steps, found.lost) == (STEPS, 0)
    assert found.losses[0].startswith("progress: ")


@pytest.mark.parametrize("value", [1 << 40, -1])
@pytest.mark.parametrize("name", ["committed", "in_chunks"])
def test_broken_counters_of_an_unclosed_one(left: Path, name: str, value: int) -> None:
    with h5py.File(left, "r", swmr=True) as file:
        offset = file[f"progress/{name}"].id.get_offset()
    content = bytearray(left.read_bytes())
    content[offset : offset + 8] = value.to_bytes(8, "little", signed=True)
    left.write_bytes(content)
    found = saved(left)
    assert found.steps == STEPS - 1  # nothing says that the last one is whole
    assert found.losses[0].startswith("progress: ")


def test_lost_configuration_costs_nothing_else(closed: Path) -> None:
    offset, _ = chunk_at(closed, "config", 0)
    flip(closed, offset)
    found = saved(closed)
    assert found.lost == 0
    assert found.losses[0].startswith("config: ")


def test_damage_anywhere_costs_no_more_than_it_must(closed: Path, left: Path) -> None:
    rng = random.Random(0)
    refused = 0
    tries = times(12, 2000)
    for number in range(tries):
        path = (closed, left)[number % 2]
        whole = path.read_bytes()
        content = bytearray(whole)
        offset = rng.randrange(len(content))
        length = rng.choice([1, 1, 8, 64])
        content[offset : offset + length] = rng.randbytes(length)
        path.write_bytes(content[: len(whole)])
        try:
            saved(path)
        except TraceError as error:
            refused += 1
            assert str(error).startswith(f"{path}: ")
            assert "\n" not in str(error)
        path.write_bytes(whole)
    assert refused < tries / 3


def test_indexes_of_chunks_are_read_once_however_many_chunks_are_missing(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offset, _ = chunk_at(closed, "samples/step", 3)
    closed.write_bytes(closed.read_bytes()[:offset])
    reads: Counter[ChunkLocations] = Counter()
    read_index = ChunkLocations.read_index

    def counted(locations: ChunkLocations, rows: int, file_size: int) -> Elements:
        reads[locations] += 1
        return read_index(locations, rows, file_size)

    monkeypatch.setattr(ChunkLocations, "read_index", counted)
    assert len(saved(closed).losses) >= 2
    assert max(reads.values()) == 1
