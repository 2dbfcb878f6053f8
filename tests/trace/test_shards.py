"""Many files of one run read as one trace, whole or still growing; what isn't one run is refused."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sparsey_trace.errors import TraceError
from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.run_part import RunPart
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.rescue.validate import Report, validate
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, check, feed, read, step
from tests.trace.ranks import (
    RANKS,
    STEPS,
    append,
    name_of,
    part_of,
    stuck_rank,
    takes_part,
    write_parts,
    write_whole,
)

if TYPE_CHECKING:
    from pathlib import Path

ALONE = "; to read one file, name it alone"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """What every sample of the run is."""
    with open_trace(write_whole(tmp_path_factory.mktemp("whole") / "run.h5")) as trace:
        return read(trace, 0, len(trace))


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The run's files, rank by rank; all but each rank's last were left by a killed process."""
    return write_parts(tmp_path_factory.mktemp("parts"))


def write(path: Path, steps: range, *, layout: Layout = LAYOUT, inputs: str = "auto", **part: Any) -> Path:
    with TraceWriter(path, layout, inputs=inputs, part=RunPart(**part)) as writer:
        for number in steps:
            writer.append(**step(0, number, layout=layout), step=number)
    return path


def size_of(path: Path) -> int:
    with open_trace(path) as trace:
        return len(trace)


def refused(*files: Path) -> str:
    with pytest.raises(TraceError) as caught:
        open_trace(files)
    return str(caught.value)


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


def test_the_id_is_that_of_the_files_however_they_are_named(parts: list[Path]) -> None:
    folder = parts[0].parent
    sources = (parts, parts[::-1], folder / "run.*.h5", str(folder / "run.rank?.2.h5"), [folder / "*.h5"])
    ids = {open_trace(source).id for source in sources}
    assert len(ids) == 1
    assert ids.isdisjoint(open_trace(path).id for path in parts)
    assert len(ids.pop()) == 32


def test_a_pattern_brings_in_what_its_files_continue(tmp_path: Path) -> None:
    first = write(tmp_path / "run.h5", range(10))
    second = write(
        tmp_path / "run.1.h5", range(10, 12), continues="run.h5", first_step=10, first_sample=size_of(first)
    )
    for source in (tmp_path / "run.*.h5", str(tmp_path / "run.[1].h5"), [second, first]):
        with open_trace(source) as trace:
            assert trace.paths == (first, second)
            assert trace.samples.step[-1] == 11
    with open_trace(tmp_path / "run.h?") as trace:
        assert trace.paths == (first,)
    assert len(open_trace(second)) == len(open_trace([second])) == size_of(first.with_name("run.1.h5"))
    first.unlink()
    message = (
        f"{second}: expected with it 'run.h5', which it continues, and all files before that one, "
        f"found that one is missing; name it too{ALONE}"
    )
    with pytest.raises(TraceError) as caught:
        open_trace(tmp_path / "run.*.h5")
    assert str(caught.value) == message


def test_a_name_that_exists_is_no_pattern(tmp_path: Path) -> None:
    path = write(tmp_path / "run[1].h5", range(3))
    write(tmp_path / "run1.h5", range(4))
    with open_trace(path) as trace:
        assert trace.num_steps == 3
    with pytest.raises(TraceError, match=r"no\*\.h5: expected files of such names, found none$"):
        open_trace(tmp_path / "no*.h5")
    with pytest.raises(TraceError, match=r"no\.h5: expected a trace file, found no such file$"):
        open_trace(tmp_path / "no.h5")
    with pytest.raises(TraceError, match=r"a pattern or a list of these, found an empty list$"):
        open_trace([])


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (
            "../secret/run.h5",
            "continues: expected a file's name without its folder, found '../secret/run.h5'",
        ),
        ("/run.h5", "continues: expected a file's name without its folder, found '/run.h5'"),
        ("..", "expected with it '..', which it continues"),
        ("folder", "expected with it 'folder', which it continues"),
    ],
)
def test_what_is_continued_is_never_looked_for_elsewhere(tmp_path: Path, name: str, found: str) -> None:
    (tmp_path / "secret").mkdir()
    write(tmp_path / "secret" / "run.h5", range(2))
    (tmp_path / "runs" / "folder").mkdir(parents=True)
    path = write(tmp_path / "runs" / "run.1.h5", range(2, 4), continues=name, first_step=2, first_sample=1)
    with pytest.raises(TraceError) as caught:
        open_trace(tmp_path / "runs" / "*.h5")
    assert str(caught.value).startswith(f"{path}: ")
    assert found in str(caught.value)


def test_files_that_continue_each_other_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.h5", range(2), continues="b.h5")
    write(tmp_path / "b.h5", range(2, 4), continues="a.h5")
    with pytest.raises(
        TraceError, match=r"expected with it 'b\.h5', which it continues, and all files before"
    ):
        open_trace(tmp_path / "*.h5")


def test_a_missing_rank_is_named(parts: list[Path]) -> None:
    first = f"{parts[0]}: expected with it the files of all 2 ranks of the run, found none of rank 1 "
    assert refused(*parts[:3]) == f"{first}(run.rank1.h5); name that too{ALONE}"
    with pytest.raises(TraceError, match=r"found none of rank 0 \(run\.rank0\.1\.h5\)"):
        open_trace(parts[0].with_name("run.rank1.[12].h5"))
    with open_trace(parts[3]) as trace:
        assert trace.part == RunPart(rank=1, num_ranks=2)


def test_a_missing_part_is_named(parts: list[Path]) -> None:
    found = refused(parts[0], *parts[2:])
    assert found.startswith(f"{parts[2]}: expected with it 'run.rank0.1.h5', which it continues")


def other_layout(**changes: Any) -> Layout:
    low, top = LAYOUT.layers
    kept = ("name", "num_macs", "num_cms", "num_neurons", "connections", "positions")
    layer = LayerLayout(**({name: getattr(top, name) for name in kept} | changes))
    return Layout(num_features=13, layers=[low, layer])


@pytest.mark.parametrize(
    ("layout", "difference"),
    [
        (other_layout(name="roof"), "layers ['low', 'roof'] instead of ['low', 'top']"),
        (other_layout(num_cms=4), "num_cms 4 instead of 2 in layer top"),
        (other_layout(num_neurons=299), "num_neurons 299 instead of 300 in layer top"),
        (other_layout(connections=[[0, 1], [2], [4]]), "other connections in layer top"),
        (other_layout(positions=[[0, 0]] * 3), "other positions in layer top"),
        (Layout(num_features=13, layers=LAYOUT.layers[:1]), "layers ['low'] instead of ['low', 'top']"),
        (Layout(num_features=14, layers=LAYOUT.layers), "num_features 14 instead of 13"),
    ],
)
def test_another_model_is_refused(tmp_path: Path, layout: Layout, difference: str) -> None:
    one = write(tmp_path / "run.rank0.h5", range(2), num_ranks=2)
    two = write(tmp_path / "run.rank1.h5", range(2), layout=layout, rank=1, num_ranks=2)
    assert (
        refused(one, two) == f"{two}: expected the model of {one}, as in one run, found {difference}{ALONE}"
    )


def test_other_inputs_or_numbers_of_ranks_are_refused(tmp_path: Path) -> None:
    one = write(tmp_path / "run.rank0.h5", range(2), num_ranks=2)
    real = write(tmp_path / "real.h5", range(2), inputs="float32", rank=1, num_ranks=2)
    assert refused(one, real) == (
        f"{real}: expected the inputs of {one}, as in one run, found kept as float32 instead of binary{ALONE}"
    )
    three = write(tmp_path / "three.h5", range(2), rank=1, num_ranks=3)
    assert refused(one, three) == (
        f"{three}: expected the ranks of {one}, as in one run, found num_ranks 3 instead of 2{ALONE}"
    )


def test_the_same_trace_twice_is_refused(tmp_path: Path) -> None:
    one = write(tmp_path / "run.h5", range(2))
    copy, link = tmp_path / "copy.h5", tmp_path / "link.h5"
    shutil.copy(one, copy)
    link.symlink_to(one)
    for other in (one, copy, link):
        assert refused(one, other) == (
            f"{other}: expected each file once, found the same trace in {one}; leave out one"
        )


def test_two_runs_are_not_one(tmp_path: Path) -> None:
    one, other = (write(tmp_path / name, range(2)) for name in ("a.h5", "b.h5"))
    assert refused(one, other) == (
        f"{other}: expected one file of rank 0 to begin the run, found {one} too; give the files of one run{ALONE}"
    )
    places = {"continues": "a.h5", "first_step": 2, "first_sample": size_of(one)}
    forks = [write(tmp_path / name, range(2, 4), **places) for name in ("c.h5", "d.h5")]
    assert refused(one, *forks).startswith(
        f"{forks[1]}: expected one file of rank 0 to continue 'a.h5', found {forks[0]} too"
    )


def test_parts_that_do_not_connect_are_refused(tmp_path: Path) -> None:
    one = write(tmp_path / "run.h5", range(5))
    size = size_of(one)
    lost = write(tmp_path / "run.1.h5", range(5, 7), continues="run.h5", first_step=5, first_sample=size - 1)
    assert refused(one, lost) == (
        f"{one}: expected a run of {size - 1} samples to end here, as {lost} says, which continues it, found {size}; "
        f"one of them was changed or replaced{ALONE}"
    )
    over = write(tmp_path / "run.2.h5", range(4, 7), continues="run.h5", first_step=4, first_sample=size)
    assert refused(one, over) == (
        f"{over}: expected to begin after step 4, the last of {one}, found that it begins at step 4; "
        f"they overlap{ALONE}"
    )


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


@pytest.mark.parametrize("seed", range(3))
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


def test_validate_reads_all_files(parts: list[Path], tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    report = validate(parts, on_progress=lambda *progress: seen.append(progress))
    note = "not closed: it is still being written, or its writer died"
    left = tuple(f"{path.name}: {note}" for path in parts if ".2." not in path.name)
    assert report == Report(samples=size_of_all(parts), steps=STEPS, notes=left)
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
    import h5py

    with h5py.File(path) as file:
        chunk = file["layers/0/codes"].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset + chunk.size // 2] ^= 1
    path.write_bytes(content)
