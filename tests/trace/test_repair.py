"""What repair saves of broken traces: every step that is whole, as it was sent, and nothing else."""

from __future__ import annotations

import os
import random
import re
import shutil
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from sparsey_trace.errors import TraceError, UsageError, VersionError
from sparsey_trace.tables.gaps import Gaps
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.rescue.repair import Repaired, repair
from sparsey_trace.trace.rescue.validate import validate
from sparsey_trace.trace.rescue.whole_steps import WholeSteps
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.faults import times
from tests.trace.feed import LAYOUT, ROOT, feed, read, sent, write_closed, write_left

if TYPE_CHECKING:
    from pathlib import Path

STEPS = 60


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A closed trace of several chunks of 64 samples."""
    monkeypatch.setattr(schema, "_CHUNK_BYTES", 1)
    return write_closed(tmp_path / "closed.h5", steps=STEPS)


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A trace whose writer died; its last samples stand in the tail."""
    monkeypatch.setattr(schema, "_CHUNK_BYTES", 1)
    return write_left(tmp_path / "left.h5", steps=STEPS)


def saved(path: Path, *, steps: int = STEPS) -> Repaired:
    """Repair a trace; see that it stays as it was, and that the new one is sound, closed and right."""
    before, out = path.read_bytes(), path.with_name("repaired.h5")
    found = repair(path, out, overwrite=True)
    assert path.read_bytes() == before
    report = validate(out)
    assert (report.samples, report.steps, report.notes) == (found.kept, found.steps, ())
    expected = sent(0, steps)
    with open_trace(out) as trace:
        assert trace.layout == LAYOUT
        kept = np.isin(expected["step"], trace.samples.step[:])
        for name, values in read(trace, 0, len(trace)).items():
            np.testing.assert_array_equal(values, expected[name][kept], err_msg=name)
    assert not [item for item in path.parent.iterdir() if item.name.startswith(".")]
    return found


def chunk_at(path: Path, name: str, number: int) -> tuple[int, int]:
    """Where a chunk stands in the file, and how long it is."""
    with h5py.File(path, "r") as file:
        found = file[name].id.get_chunk_info(number)
        return found.byte_offset, found.size


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_an_unclosed_trace_is_closed(left: Path) -> None:
    size = len(sent(0, STEPS)["step"])
    assert saved(left) == Repaired(kept=size, committed=size, steps=STEPS, losses=())


def test_a_sound_one_is_copied_with_all_that_it_says(closed: Path) -> None:
    assert saved(closed).lost == 0
    with open_trace(closed) as old, open_trace(closed.with_name("repaired.h5")) as new:
        for name in ("config", "created", "host", "versions", "part", "sampling", "input_kind"):
            assert getattr(new, name) == getattr(old, name)
        assert new.id != old.id


def test_drops_and_gaps_are_kept(tmp_path: Path) -> None:
    path, out = tmp_path / "run.h5", tmp_path / "out.h5"
    with TraceWriter(path, LAYOUT, sampling={"every": 2}) as writer:
        feed(writer, 0, range(3))
        writer.note_drops([3, 4])
    repair(path, out)
    with open_trace(out) as trace:
        assert trace.drops.tolist() == [3, 4]
        assert trace.sampling == {"every": 2}


@pytest.mark.parametrize("name", ["layers/0/codes", "samples/step", "inputs", "layers/1/active"])
def test_a_broken_chunk_costs_the_steps_in_it(closed: Path, name: str) -> None:
    pieces = 2 if name == "layers/0/codes" else 1
    place, size = chunk_at(closed, name, 1 * pieces)
    flip(closed, place + size // 2)
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
        assert str(Gaps.of(trace)).startswith(f"{len(trace.drops)} steps were dropped: ")
    (loss,) = found.losses
    assert loss.startswith("samples 64 to 128: ")
    assert name in loss


def test_a_broken_sample_in_the_tail_costs_its_step(left: Path) -> None:
    with open_trace(left) as trace:
        boundary = trace.storage.in_chunks
    with h5py.File(left, "r", swmr=True) as file:
        place = file["tail/samples/label"].id.get_offset()
    flip(left, place + 8 * 3)
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
        place = file[f"progress/{name}"].id.get_offset()
    content = bytearray(left.read_bytes())
    content[place : place + 8] = value.to_bytes(8, "little", signed=True)
    left.write_bytes(content)
    found = saved(left)
    assert found.steps == STEPS - 1  # nothing says that the last one is whole
    assert found.losses[0].startswith("progress: ")


def test_one_that_was_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "_CHUNK_BYTES", 1)
    path, steps = tmp_path / "run.h5", 600
    with TraceWriter(path, LAYOUT) as writer:
        for first in range(0, steps, 10):
            feed(writer, 0, range(first, first + 10))
            writer.commit()
    whole = path.read_bytes()
    for share in (0.99, 0.8, 0.6):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(
            TraceError, match="found a truncated one: copy it again, or see what `sparsey-trace rep"
        ):
            open_trace(path)
        found = saved(path, steps=steps)
        assert found.committed == len(sent(0, steps)["step"])
        assert found.kept > (share - 0.25) * found.committed


def test_a_broken_beginning(closed: Path) -> None:
    whole = closed.read_bytes()
    for place in (11, 30, 40, 45):
        content = bytearray(whole)
        content[place] ^= 0xFF
        closed.write_bytes(content)
        assert saved(closed).lost == 0


def test_a_broken_beginning_of_a_durable_one(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    with TraceWriter(path, LAYOUT, config={"lr": 1}, durable=True) as writer:
        feed(writer, 0, range(STEPS))
    content = bytearray(path.read_bytes())
    content[40] ^= 0xFF
    path.write_bytes(content)
    assert saved(path).lost == 0


def test_lost_configuration_costs_nothing_else(closed: Path) -> None:
    place, _ = chunk_at(closed, "config", 0)
    flip(closed, place)
    found = saved(closed)
    assert found.lost == 0
    assert found.losses[0].startswith("config: ")


def test_damage_anywhere_costs_no_more_than_it_must(closed: Path, left: Path) -> None:
    rng = random.Random(0)
    refused = 0
    tries = times(60, 2000)
    for number in range(tries):
        path = (closed, left)[number % 2]
        whole = path.read_bytes()
        content = bytearray(whole)
        place = rng.randrange(len(content))
        length = rng.choice([1, 1, 8, 64])
        content[place : place + length] = rng.randbytes(length)
        path.write_bytes(content[: len(whole)])
        try:
            saved(path)
        except TraceError as error:
            refused += 1
            assert str(error).startswith(f"{path}: ")
            assert "\n" not in str(error)
        path.write_bytes(whole)
    assert refused < tries / 3


def test_what_it_will_not_do(closed: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.h5"
    link.symlink_to(closed)
    other = tmp_path / "hard.h5"
    os.link(closed, other)
    for same in (closed, link, other):
        with pytest.raises(
            UsageError, match=f"expected to make {same.name}, found that it is the trace, which is"
        ):
            repair(closed, same, overwrite=True)
    for name in (".out.h5.partial", ".out.h5.mended", "out.h5.lock"):
        same = shutil.copy(closed, tmp_path / name)
        with pytest.raises(
            UsageError, match=f"expected to make {re.escape(name)}, found that it is the trace"
        ):
            repair(same, tmp_path / "out.h5")
        assert same.read_bytes() == closed.read_bytes()
    with pytest.raises(TraceError, match="expected no file there, found one"):
        repair(closed, shutil.copy(closed, tmp_path / "there.h5"))
    with pytest.raises(TraceError, match="expected a trace file, found no such file"):
        repair(tmp_path / "none.h5", tmp_path / "out.h5")
    (tmp_path / "text.h5").write_text("not HDF5, and longer than a superblock, which takes 48 bytes")
    with pytest.raises(TraceError, match="expected a sparsey-trace file"):
        repair(tmp_path / "text.h5", tmp_path / "out.h5")
    with h5py.File(closed, "r+") as file:
        file.attrs["format_version"] = 3
    with pytest.raises(VersionError):
        repair(closed, tmp_path / "out.h5")
    TraceWriter(tmp_path / "empty.h5", LAYOUT).close()
    with pytest.raises(TraceError, match="of which something can be had, found nothing: it holds no samples"):
        repair(tmp_path / "empty.h5", tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()


def test_one_that_is_being_written(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    with TraceWriter(path, LAYOUT) as writer:
        feed(writer, 0, range(3))
        writer.commit()
        expected = (
            f"{path}: expected a trace that nobody writes any more, found that this process (pid {os.getpid()}) "
            "does; wait until it ends"
        )
        with pytest.raises(TraceError, match=re.escape(expected)):
            repair(path, tmp_path / "out.h5")


@pytest.mark.parametrize("reason", [KeyboardInterrupt, MemoryError])
def test_a_repair_that_is_stopped_leaves_nothing(closed: Path, reason: type[BaseException]) -> None:
    """Half a repaired trace, closed, would pass for the whole run."""

    def stop(done: int, total: int) -> None:
        if done > total / 2:
            raise reason

    with pytest.raises(reason):
        repair(closed, closed.with_name("out.h5"), on_progress=stop)
    assert [path.name for path in closed.parent.iterdir()] == [closed.name]


def test_the_sample_traces_come_out_as_they_are(tmp_path: Path) -> None:
    path, out = ROOT / "sample_traces/digits.h5", tmp_path / "out.h5"
    assert repair(path, out).losses == ()
    with open_trace(path) as old, open_trace(out) as new:
        assert (old.version, new.version) == (2, 2)
        for before, after in zip(old.chunks(), new.chunks(), strict=True):
            assert np.array_equal(before.label, after.label)
            for kind in ("codes", "active"):
                assert all(map(np.array_equal, getattr(before, kind), getattr(after, kind)))


def steps_of(assembled: list[dict[str, np.ndarray]]) -> list[list[int]]:
    return [part["samples/step"].tolist() for part in assembled]


def test_steps_across_pieces_and_holes() -> None:
    assembly, found = WholeSteps(), []

    def take(steps: list[int], good: list[bool]) -> None:
        found.extend(assembly.add({"samples/step": np.array(steps)}, np.array(good)))

    take([0, 0, 1], [True] * 3)
    take([1, 2], [True] * 2)
    assert steps_of(found) == [[0, 0], [1, 1]]
    assembly.lose(2, np.array([3, 4]))  # step 2 is whole, and so is 5
    take([4, 5], [True] * 2)
    take([6, 7, 8, 9], [True, False, True, True])  # 6 may go on in the hole, 8 may have begun in it
    take([10], [True])
    assert assembly.lost == {3, 4, 6, 7, 8}
    assembly.lose(3)
    take([11, 12], [True] * 2)
    assert steps_of(found) == [[0, 0], [1, 1], [2], [5], [9]]
    assert steps_of(list(assembly.finish(is_complete=True))) == [[12]]
    assert list(assembly.finish(is_complete=False)) == []
