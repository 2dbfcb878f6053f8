"""Nothing is computed twice, and nothing is taken for known that isn't."""

from __future__ import annotations

import random
import re
import shutil
import warnings
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsey_trace.metrics import MatchAccuracy, SiscAdherence
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.replay.cache.private_folder import FOLDER
from sparsey_trace.tables import row_groups, stream
from sparsey_trace.tables.provenance import provenance_in
from sparsey_trace.testing import append_step, runs, split
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.cli.commands import LAYOUT, write_steps
from tests.faults import times

if TYPE_CHECKING:
    from sparsey_trace.chunk import Chunk
from tests.replay.cache.folders import anew, content, why

RESOLUTIONS = ("sample", "step", "epoch", "run")


METRICS = (
    None,
    [MatchAccuracy(reference_size=3, repeated="first"), SiscAdherence(reference_size=2, seed=1)],
)


def append(writer: TraceWriter, steps: list[Chunk]) -> None:
    for step in steps:
        append_step(writer, step)
    writer.commit()


def steps_of(run: Chunk) -> list[Chunk]:
    return split(run, (np.flatnonzero(np.diff(run.step)) + 1).tolist())


@settings(max_examples=times(3, 300), deadline=None)
@given(
    run=runs().filter(lambda run: len(run) > 1),
    cuts=st.lists(st.integers(1, 12), max_size=3),
    resolution=st.sampled_from(RESOLUTIONS),
    reduction=st.sampled_from([None, None, "layerwise_mean", "sum"]),
    metrics=st.sampled_from(METRICS),
    chunk_size=st.integers(1, 50),
)
def test_a_trace_that_grew_comes_to_what_it_would_come_to_at_once(
    tmp_path_factory: pytest.TempPathFactory,
    run: Chunk,
    cuts: list[int],
    resolution: str,
    reduction: str | None,
    metrics: Any,
    chunk_size: int,
) -> None:
    folder = tmp_path_factory.mktemp("grown")
    options = {"resolution": resolution, "reduction": reduction, "metrics": metrics, "chunk_size": chunk_size}
    steps = steps_of(run)
    with (
        pytest.MonkeyPatch.context() as patch,
        TraceWriter(folder / "run.h5", run.layout) as writer,
    ):
        # So that tables have many groups of rows, and are read back in other pieces than they were written in.
        patch.setattr(row_groups, "ROWS", 7)
        patch.setattr(stream, "_ROWS_AT_ONCE", 5)
        for start, stop in pairwise([0, *sorted(cuts), len(steps)]):
            append(writer, steps[start:stop])
            if steps[start:stop]:
                analyze(folder / "run.h5", out=folder / "out", **options)
                assert content(folder / "out") == anew(folder / "run.h5", folder / "anew", **options)


def test_again_nothing_is_replayed_and_nothing_written(
    trace: Path, tmp_path: Path, replayed: list[tuple[int, int]]
) -> None:
    first = analyze(trace, out=tmp_path / "out")
    assert replayed == [(0, 32), (0, 32)]
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in (tmp_path / "out").rglob("*")}
    again = analyze(trace, out=tmp_path / "out", chunk_size=3, n_jobs=2)
    assert len(replayed) == 2
    assert {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in before} == before
    assert (list(again), again.summary_rows()) == (list(first), first.summary_rows())


def test_only_the_new_part_of_a_trace_is_replayed(
    live: tuple[Path, TraceWriter], tmp_path: Path, replayed: list[tuple[int, int]]
) -> None:
    trace, writer = live
    # By default adherence is exact while there are few samples, and its values would change with later ones.
    metrics = ["num_activations", "basis_set_size", "feature_coverage", "match_accuracy", "basis_average"]
    analyze(trace, out=tmp_path / "out", metrics=[*metrics, SiscAdherence(reference_size=9)])
    write_steps(writer, 3, first=5)
    writer.commit()
    replayed.clear()
    analyze(trace, out=tmp_path / "out", metrics=[*metrics, SiscAdherence(reference_size=9)])
    assert replayed == [(20, 32), (20, 32)]
    assert analyze(trace, out=tmp_path / "out", metrics=["sisc_adherence"], resolution="step")
    assert replayed[2:] == [(0, 32), (0, 32)]


@pytest.mark.parametrize(("engine", "n_jobs"), [("threads", 2), ("processes", 1)])
def test_other_engines_go_on_as_well(
    live: tuple[Path, TraceWriter], tmp_path: Path, engine: str, n_jobs: int
) -> None:
    trace, writer = live
    options = {"n_jobs": n_jobs, "engine": engine, "chunk_size": 3}
    analyze(trace, out=tmp_path / "out", metrics=["basis_set_size", "match_accuracy"], chunk_size=3)
    write_steps(writer, 3, first=5)
    writer.commit()
    analyze(trace, out=tmp_path / "out", **options)
    assert content(tmp_path / "out") == anew(trace, tmp_path / "anew")


def damage(path: Path, how: str, rng: random.Random) -> None:
    """Damage a file, but not so that it says that it is of another trace: that is refused."""
    data, made = path.read_bytes(), provenance_in(path)
    place, bit = rng.randrange(len(data)), 1 << rng.randrange(8)
    other = data[:place] if how == "cut" else data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :]
    path.write_bytes(other)
    now = provenance_in(path)
    if made and now and made["trace"] != now.get("trace"):
        path.write_bytes(data)
        damage(path, how, rng)


class Grown(NamedTuple):
    """A trace that has grown since it was analysed.

    Attributes:
        trace: the trace.
        left: what the analysis of before left in its folder, by relative path.
        expected: what an analysis of now has to leave there.
    """

    trace: Path
    left: dict[str, bytes]
    expected: dict[str, bytes]


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Grown:
    folder = tmp_path_factory.mktemp("grown")
    trace, out = folder / "run.h5", folder / "out"
    with TraceWriter(trace, LAYOUT) as writer:
        write_steps(writer, 5)
        writer.commit()
        analyze(trace, out=out)
        write_steps(writer, 3, first=5)
    left = {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    return Grown(trace, left, anew(trace, folder / "anew"))


@pytest.mark.parametrize("how", ["cut", "flipped"])
@pytest.mark.parametrize("what", ["*.parquet", ".sparsey-trace/*.table", ".sparsey-trace/*.fold"])
def test_what_is_damaged_is_named_and_made_anew(grown: Grown, tmp_path: Path, what: str, how: str) -> None:
    out, rng, named = tmp_path / "out", random.Random(0), set()
    # Every second file is damaged at once, then the others: never both tables of one metric, which are neighbours.
    for turn in range(times(2, 24)):
        for name, data in grown.left.items():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_bytes(data)
        damaged = sorted(out.glob(what))[turn % 2 :: 2]
        for path in damaged:
            damage(path, how, rng)
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            analyze(grown.trace, out=out)
        assert content(out) == grown.expected
        for warning in warned:
            said = re.fullmatch(r"(.*?): expected .*; it is computed anew", str(warning.message))
            assert said
            assert Path(said[1]) in damaged
            named.add(Path(said[1]))
    # Tables of the whole run are made anew whether they are whole or not, since the trace has grown.
    whole = ("basis_average", "sisc_adherence", "code_usage", "basis_set", "label_information", "sisc_curve")
    unread = {out / name for name in grown.left if Path(name).stem in whole}
    assert named >= set(out.glob(what)) - unread


def test_without_the_folder_of_the_cache_only_time_is_lost(trace: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    analyze(trace, out=out)
    before = content(out)
    for part in sorted((out / FOLDER).glob("*.[ft]*")):
        part.unlink()
        analyze(trace, out=out)
        assert content(out) == before
    shutil.rmtree(out / FOLDER)
    assert set(why(trace, out).values()) == {"nothing was kept of it"}
    analyze(trace, out=out)
    assert content(out) == before
    assert set(why(trace, out).values()) == {""}


def test_without_a_cache_nothing_is_kept_or_used(
    trace: Path, tmp_path: Path, replayed: list[tuple[int, int]]
) -> None:
    analyze(trace, out=tmp_path / "out", metrics=["num_activations"], cache=False)
    assert not (tmp_path / "out" / FOLDER).exists()
    analyze(trace, out=tmp_path / "out", metrics=["num_activations"])
    analyze(trace, out=tmp_path / "out", metrics=["num_activations"], cache=False)
    assert len(replayed) == 3
    assert why(trace, tmp_path / "out", metrics=["num_activations"]) == {
        "num_activations": "nothing was kept of it"
    }
