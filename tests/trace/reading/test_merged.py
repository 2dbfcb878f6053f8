"""Many files of one run read as one trace, whole or still growing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.run_part import RunPart
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.faults import times
from tests.trace.feed import LAYOUT, check, step
from tests.trace.ranks import (
    RANKS,
    STEPS,
    append,
    name_of,
    part_of,
    stuck_rank,
    takes_part,
    write_parts,
)
from tests.trace.reading.run_files import refused, write

if TYPE_CHECKING:
    from pathlib import Path


def test_files_that_were_left_are_one_trace(parts: list[Path], whole: dict[str, np.ndarray]) -> None:
    with open_trace(parts) as trace:
        assert (len(trace), trace.num_steps, trace.waiting) == (len(whole["step"]), STEPS, 0)
        assert trace.closed, "every rank's last file is"
        assert [open_trace(path).closed for path in parts] == [False, False, True] * 2
        check(trace, whole)
        assert trace.part == RunPart(num_ranks=RANKS)
        assert trace.paths == tuple(parts)
        name = f"{parts[0].with_name('run*.h5')} (6 files)"
        assert repr(trace).startswith(f"<Trace {name}: {len(trace)} samples in 45 steps, ")
        assert f"<td>{name}</td>" in trace._repr_html_()
    assert repr(trace) == f"<Trace {name}: file closed>"
    with pytest.raises(TraceError, match="expected an open trace, found one that was closed"):
        trace.inputs[0]
    with pytest.raises(TraceError, match="expected an open trace, found one that was closed"):
        trace.refresh()


def test_any_piece_of_it_is_right(parts: list[Path], whole: dict[str, np.ndarray]) -> None:
    rng = np.random.default_rng(0)
    with open_trace(parts, cache_bytes=100_000) as trace:
        size = len(trace)
        for _ in range(100):
            start, stop = sorted(rng.integers(size + 1, size=2))
            check(trace, whole, start=start, stop=stop)
        for bounds in ((0, 0), (size, size), (7, 7), (0, 1), (size - 1, size)):
            check(trace, whole, start=bounds[0], stop=bounds[1])
        picks = rng.integers(-size, size, size=300)
        np.testing.assert_array_equal(trace.layers[0].codes[picks], whole["codes 0"][picks])
        one, first = trace.layers[0].mac(17), trace.layers[0].codes[[]]
        np.testing.assert_array_equal(one.codes[::-3], whole["codes 0"][::-3, 17])
        np.testing.assert_array_equal(one.active[picks], whole["active 0"][picks, 17])
        assert first.shape == (0, 20, 3)
        assert trace.chunk_size == 2 * 64
        joined = np.concatenate([chunk.inputs for chunk in trace.chunks()])
        np.testing.assert_array_equal(joined, whole["inputs"])


@pytest.mark.parametrize(("change", "names"), [({"phase": "train"}, "phase"), ({"epoch": 3}, "epoch")])
def test_ranks_out_of_step_are_refused(tmp_path: Path, change: dict[str, Any], names: str) -> None:
    paths = [tmp_path / name_of(rank, 0) for rank in range(RANKS)]
    for rank, path in enumerate(paths):
        with TraceWriter(path, LAYOUT, part=RunPart(rank=rank, num_ranks=RANKS)) as writer:
            for number in range(4):
                changed = change if (rank, number) == (1, 3) else {}
                writer.append(**step(rank, number) | changed, step=number)
    sides = {"phase": "phase eval, as in {}, found train", "epoch": "epoch 0, as in {}, found 3"}
    assert refused(*paths) == (
        f"{paths[1]}: expected step 3 to be of {sides[names].format(paths[0])}: the ranks were not in step; "
        "read each alone"
    )


def test_a_part_that_begins_too_early_is_refused(tmp_path: Path) -> None:
    import h5py

    paths = [write(tmp_path / name_of(rank, 0), range(4), rank=rank, num_ranks=2) for rank in range(RANKS)]
    with h5py.File(paths[1], "r+") as file:
        file.attrs["first_step"] = 2
    assert refused(*paths) == (
        f"{paths[1]}: samples/step: sample 0: expected a step of at least 2 that never falls below the sample "
        "before's, found 0"
    )


@pytest.mark.parametrize("seed", range(times(1, 3)))
def test_followed_while_it_is_written(
    tmp_path: Path, whole: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(schema, "_CHUNK_BYTES", 1)
    rng, paths = np.random.default_rng(seed), [tmp_path / name_of(rank, 0) for rank in range(RANKS)]
    writers = [
        TraceWriter(path, LAYOUT, inputs="binary", part=part_of(rank, 0, 0))
        for rank, path in enumerate(paths)
    ]
    for rank, writer in enumerate(writers):
        append(writer, rank, range(1))
    appended, reached = [1] * RANKS, [-1] * RANKS
    with open_trace(paths) as trace:
        assert (len(trace), trace.closed) == (0, False)
        while min(appended) < STEPS:
            rank = int(rng.integers(RANKS))
            first, stop = appended[rank], min(STEPS, appended[rank] + int(rng.integers(5)))
            append(writers[rank], rank, range(first, stop))
            writers[rank].commit()
            if stop == STEPS:
                writers[rank].close()
            appended[rank], reached[rank] = stop, last_of(rank, stop)
            size = trace.refresh()
            # Never before every rank is as far, and then at once.
            assert (trace.samples.step[-1] if size else -1) == min(reached)
            assert size + trace.waiting == sum(writer.num_committed for writer in writers)
            check(trace, whole)
            with open_trace(paths) as anew:
                assert len(anew) == size
        assert trace.closed
        assert size == len(whole["step"])


def last_of(rank: int, stop: int) -> int:
    """The last step that a rank has before another; the run's last where it has them all."""
    return STEPS - 1 if stop == STEPS else max(n for n in range(stop) if takes_part(rank, n))


def test_a_snapshot_keeps_its_samples_while_ranks_catch_up(
    tmp_path: Path, whole: dict[str, np.ndarray]
) -> None:
    paths = [tmp_path / name_of(rank, 0) for rank in range(RANKS)]
    with (
        TraceWriter(paths[0], LAYOUT, inputs="binary", part=part_of(0, 0, 0)) as ahead,
        TraceWriter(paths[1], LAYOUT, inputs="binary", part=part_of(1, 0, 0)) as behind,
    ):
        append(ahead, 0, range(STEPS))
        append(behind, 1, range(3))
        ahead.commit()
        behind.commit()
        with open_trace(paths) as trace:
            codes, size = trace.layers[0].codes, len(trace)
            assert trace.num_steps == 3
            append(behind, 1, range(3, 20))
            behind.commit()
            check(trace, whole)
            assert trace.refresh() > size
            assert (trace.num_steps, len(codes)) == (20, size)
            np.testing.assert_array_equal(codes[:], whole["codes 0"][:size])


def test_a_rank_that_was_killed_holds_the_others_back_no_longer(
    tmp_path: Path, whole: dict[str, np.ndarray]
) -> None:
    path = tmp_path / name_of(0, 0)
    with (
        stuck_rank(tmp_path, 1, 6) as behind,
        TraceWriter(path, LAYOUT, inputs="binary", part=part_of(0, 0, 0)) as ahead,
    ):
        append(ahead, 0, range(9))
        ahead.commit()
        with open_trace(tmp_path / "run.rank*.h5") as trace:
            assert trace.samples.step[-1] == 5
            before, waiting = len(trace), trace.waiting
            assert waiting > 0
            behind.kill()
            behind.wait()
            assert trace.refresh() == before + waiting
            assert (trace.samples.step[-1], trace.waiting, trace.closed) == (8, 0, False)
            np.testing.assert_array_equal(trace.inputs[:before], whole["inputs"][:before])


def test_what_killed_writers_left_counts_as_it_is(tmp_path: Path, whole: dict[str, np.ndarray]) -> None:
    write_parts(tmp_path)
    for path in tmp_path.glob("*.[12].h5"):
        path.unlink()
    with open_trace(tmp_path / "run.rank*.h5") as trace:
        assert (trace.closed, trace.waiting, trace.samples.step[-1]) == (False, 0, 15)
        check(trace, whole)


def test_files_of_other_kinds_of_inputs_are_one_trace(tmp_path: Path) -> None:
    """A rank may see a blank first batch where another doesn't; what float64 doesn't hold is refused, not rounded."""
    kinds = {"binary": 1, "int32": 2**24 + 1, "float16": 0.5}
    paths = [tmp_path / f"run.rank{rank}.h5" for rank in range(3)]
    for (kind, scale), rank in zip(kinds.items(), range(3), strict=True):
        with TraceWriter(paths[rank], LAYOUT, part=RunPart(rank=rank, num_ranks=3)) as writer:
            given = step(rank, 0)
            writer.append(
                **given | {"inputs": (given["inputs"] * scale).astype(kind.replace("binary", "u1"))}
            )
    with open_trace(paths) as trace:
        assert (trace.input_kind, trace.inputs.dtype) == ("float64", np.float64)
        sent = [step(rank, 0)["inputs"] * scale for rank, scale in enumerate(kinds.values())]
        np.testing.assert_array_equal(trace.inputs[:], np.concatenate(sent))
        np.testing.assert_array_equal(trace.inputs[[0, len(trace) - 1]], np.concatenate(sent)[[0, -1]])
    with TraceWriter(paths[1], LAYOUT, part=RunPart(rank=1, num_ranks=3), overwrite=True) as writer:
        given = step(1, 0)
        writer.append(**given | {"inputs": given["inputs"] * (2**53 + 1)})
    with open_trace(paths) as trace, pytest.raises(TraceError) as caught:
        trace.inputs[:]
    assert str(caught.value) == (
        f"{paths[1]}: expected inputs that float64 holds, as those of all files (or to be read alone), found: "
        "9007199254740993, which float64 doesn't hold exactly"
    )
