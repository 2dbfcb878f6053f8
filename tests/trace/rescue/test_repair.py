"""A repaired trace is sound, closed, and says what the broken one did; the broken one is never touched."""

from __future__ import annotations

import errno
import itertools
import os
import re
import shutil
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from sparsey_trace.errors import OutputError, TraceError, UsageError, VersionError
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.rescue.relabel import relabel
from sparsey_trace.trace.rescue.repair import Repaired, repair
from sparsey_trace.trace.writing.disk_space import DiskSpace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, ROOT, feed, sent
from tests.trace.rescue.saved import STEPS, saved

if TYPE_CHECKING:
    from pathlib import Path


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
        writer.note_drops([3, 4], ["Sparsey: step 3: input:  a nan"])
    repair(path, out)
    with open_trace(out) as trace:
        assert trace.drop_reasons == {3: "input: a nan", 4: ""}
        assert trace.drops.tolist() == [3, 4]
        assert trace.sampling == {"every": 2}


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
    for name in ("out.h5.lock",):
        same = shutil.copy(closed, tmp_path / name)
        with pytest.raises(
            UsageError, match=f"expected to make {re.escape(name)}, found that it is the trace"
        ):
            repair(same, tmp_path / "out.h5")
        assert same.read_bytes() == closed.read_bytes()
    with pytest.raises(OutputError, match="expected no file there, found one"):
        repair(closed, shutil.copy(closed, tmp_path / "there.h5"))
    with pytest.raises(TraceError, match="expected a trace file, found no such file"):
        repair(tmp_path / "none.h5", tmp_path / "out.h5")
    (tmp_path / "text.h5").write_text("not HDF5, and longer than a superblock, which takes 48 bytes")
    with pytest.raises(TraceError, match="expected a sparsey-trace file"):
        repair(tmp_path / "text.h5", tmp_path / "out.h5")
    with h5py.File(closed, "r+") as file:
        file.attrs["format_version"] = 4
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


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_a_disk_that_is_full_is_told_of_the_place_and_nothing_stays(
    closed: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    """Nothing of what was committed is left, unlike in a recording, and the trace that is read has no fault."""
    asked = itertools.count(1)

    def require(space: DiskSpace, size: int) -> None:
        if next(asked) >= fails_at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    out, labels = closed.with_name("out.h5"), closed.with_name("labels.npy")
    with open_trace(closed) as trace:
        np.save(labels, np.zeros(len(trace), np.int64))
    monkeypatch.setattr(DiskSpace, "require", require)
    for make in (lambda: repair(closed, out), lambda: relabel(closed, labels, out)):
        asked = itertools.count(1)
        with pytest.raises(
            OutputError, match=rf"^{out}: expected to .*, found: .*No space left on device"
        ) as said:
            make()
        assert fails_at == 1 or "committed" not in str(said.value)
        assert sorted(path.name for path in closed.parent.iterdir()) == sorted(["labels.npy", closed.name])


def test_the_sample_traces_come_out_as_they_are(tmp_path: Path) -> None:
    path, out = ROOT / "sample_traces/digits.h5", tmp_path / "out.h5"
    assert repair(path, out).losses == ()
    with open_trace(path) as old, open_trace(out) as new:
        assert (old.version, new.version) == (3, 3)
        for before, after in zip(old.chunks(), new.chunks(), strict=True):
            assert np.array_equal(before.label, after.label)
            for kind in ("codes", "active"):
                assert all(map(np.array_equal, getattr(before, kind), getattr(after, kind)))
