"""Nothing is computed twice, and nothing is taken for known that isn't."""

from __future__ import annotations

import random
import re
import shutil
import warnings
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sparsey_trace
from sparsey_trace.errors import CacheWarning
from sparsey_trace.metrics import BasisSetSize, FeatureCoverage, MatchAccuracy, SiscAdherence, sisc_adherence
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.replay.cache import code_version
from sparsey_trace.replay.cache.tables import _values_stay
from sparsey_trace.replay.engine.worker import Worker
from sparsey_trace.tables import stream, table_file
from sparsey_trace.tables.provenance import provenance_in
from sparsey_trace.testing import append_step, runs, split
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.cli.commands import LAYOUT, write_steps, write_trace
from tests.faults import times

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.replay.explain import Explanation

RESOLUTIONS = ("sample", "step", "epoch", "run")
METRICS = (
    None,
    [MatchAccuracy(reference_size=3, repeated="first"), SiscAdherence(reference_size=2, seed=1)],
)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("[!.]*"))}


def anew(trace: Path, folder: Path, **options: Any) -> dict[str, bytes]:
    """What an analysis leaves that knows nothing of any other."""
    shutil.rmtree(folder, ignore_errors=True)
    analyze(trace, out=folder, cache=False, **options)
    return content(folder)


@pytest.fixture
def replayed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The spans of samples that are replayed, in this process."""
    spans, call = [], Worker.__call__

    def watched(worker: Worker, span: tuple[int, int]) -> Any:
        spans.append(span)
        return call(worker, span)

    monkeypatch.setattr(Worker, "__call__", watched)
    return spans


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return write_trace(tmp_path / "run.h5")


@pytest.fixture
def live(tmp_path: Path) -> Iterator[tuple[Path, TraceWriter]]:
    """A trace of 20 samples in 5 steps that is still being written."""
    with TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        write_steps(writer, 5)
        writer.commit()
        yield tmp_path / "run.h5", writer


def append(writer: TraceWriter, steps: list[Chunk]) -> None:
    for step in steps:
        append_step(writer, step)
    writer.commit()


def steps_of(run: Chunk) -> list[Chunk]:
    return split(run, (np.flatnonzero(np.diff(run.step)) + 1).tolist())


@settings(max_examples=times(15, 300), deadline=None)
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
    kind = "float32" if run.inputs.dtype.kind == "f" else "binary"
    steps = steps_of(run)
    with (
        pytest.MonkeyPatch.context() as patch,
        TraceWriter(folder / "run.h5", run.layout, inputs=kind) as writer,
    ):
        # So that tables have many groups of rows, and are read back in other pieces than they were written in.
        patch.setattr(table_file, "_ROWS_PER_GROUP", 7)
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
    assert (list(again), again.summary()) == (list(first), first.summary())


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
    analyze(trace, out=tmp_path / "out", metrics=["basis_set_size", "match_accuracy"], **options)
    write_steps(writer, 3, first=5)
    writer.commit()
    analyze(trace, out=tmp_path / "out", **options)
    assert content(tmp_path / "out") == anew(trace, tmp_path / "anew")


def test_adherence_is_exact_until_it_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sisc_adherence, "EXACT_UP_TO", 20)
    monkeypatch.setattr(sisc_adherence, "DRAWN_BEYOND", 5)
    options = {"metrics": ["sisc_adherence"], "resolution": "sample"}
    known = []
    with TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        for start in range(0, 12, 2):
            write_steps(writer, 2, first=start)
            writer.commit()
            known.append(explained(tmp_path / "run.h5", tmp_path / "out", **options).tables[0].known)
            analyze(tmp_path / "run.h5", out=tmp_path / "out", **options)
            assert content(tmp_path / "out") == anew(tmp_path / "run.h5", tmp_path / "anew", **options)
    # With the fourth cut 24 training samples are there.
    assert known == [0, 0, 0, 0, 32, 40]


def explained(trace: Path, out: Path, **options: Any) -> Explanation:
    return sparsey_trace.explain(trace, out=out, **options)


def why(trace: Path, out: Path, **options: Any) -> dict[str, str]:
    return {part.metrics[0]: part.why for part in explained(trace, out, **options).tables}


def test_folds_serve_other_questions(trace: Path, tmp_path: Path, replayed: list[tuple[int, int]]) -> None:
    analyze(trace, out=tmp_path / "out", metrics=["basis_set_size"])
    found = explained(trace, tmp_path / "out", metrics=["basis_set_size_increase"], resolution="run")
    assert [(one.folds, len(one.values)) for one in found.passes] == [((), 1)]
    replayed.clear()
    options = {"metrics": ["basis_set_size_increase"], "resolution": "run"}
    analyze(trace, out=tmp_path / "out", **options)
    assert replayed == [(0, 32)]
    name = "basis_set_size_increase.parquet"
    assert (tmp_path / "out" / name).read_bytes() == anew(trace, tmp_path / "anew", **options)[name]


def test_what_answers_another_question_is_made_anew(
    trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    analyze(trace, out=out)
    assert set(why(trace, out).values()) == {""}
    assert why(trace, out, metrics=[MatchAccuracy(distance="jaccard")]) == {
        "match_accuracy": "there is a table made with distance hamming, not jaccard"
    }
    found = why(trace, out, resolution="epoch", metrics=["num_activations", "basis_average"])
    assert found["num_activations"] == "there is a table made with resolution step, not epoch"
    assert set(why(trace, out, cache=False).values()) == {"no cache is used"}
    monkeypatch.setattr(BasisSetSize, "version", 2)
    assert {name for name, reason in why(trace, out).items() if reason} == {
        "basis_set_size",
        "basis_set_size_increase",
    }
    monkeypatch.setattr(code_version, "_our_code", lambda: b"other")
    assert why(trace, out, metrics=["num_activations"]) == {
        "num_activations": "what was kept was made by other code"
    }


def test_all_code_of_this_package_counts() -> None:
    assert Path(code_version.__file__).is_relative_to(code_version._OURS)
    assert Path(str(sparsey_trace.__file__)).parent == code_version._OURS


def test_code_that_was_changed_makes_everything_anew(
    trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replayed: list[tuple[int, int]]
) -> None:
    analyze(trace, out=tmp_path / "out")
    monkeypatch.setattr(code_version, "_our_code", lambda: b"other")
    analyze(trace, out=tmp_path / "out")
    assert replayed == [(0, 32)] * 4
    analyze(trace, out=tmp_path / "out")
    assert len(replayed) == 4


def test_an_older_copy_of_the_trace_is_analysed_for_itself(
    live: tuple[Path, TraceWriter], tmp_path: Path
) -> None:
    trace, writer = live
    shutil.copy(trace, tmp_path / "older.h5")
    write_steps(writer, 3, first=5)
    writer.commit()
    analyze(trace, out=tmp_path / "out")
    assert set(why(tmp_path / "older.h5", tmp_path / "out").values()) == {"the trace has lost 12 samples"}
    analyze(tmp_path / "older.h5", out=tmp_path / "out")
    assert content(tmp_path / "out") == anew(tmp_path / "older.h5", tmp_path / "anew")


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
@pytest.mark.parametrize("what", ["*.parquet", ".cache/*.table", ".cache/*.fold"])
def test_what_is_damaged_is_named_and_made_anew(grown: Grown, tmp_path: Path, what: str, how: str) -> None:
    out, rng, named = tmp_path / "out", random.Random(0), set()
    # Every second file is damaged at once, then the others: never both tables of one metric, which are neighbours.
    for turn in range(times(4, 24)):
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
    unread = {out / name for name in grown.left if Path(name).stem in ("basis_average", "sisc_adherence")}
    assert named >= set(out.glob(what)) - unread


def test_without_the_folder_of_the_cache_only_time_is_lost(trace: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    analyze(trace, out=out)
    before = content(out)
    for part in sorted((out / ".cache").iterdir()):
        part.unlink()
        analyze(trace, out=out)
        assert content(out) == before
    shutil.rmtree(out / ".cache")
    assert set(why(trace, out).values()) == {"nothing was kept of it"}
    analyze(trace, out=out)
    assert content(out) == before
    assert set(why(trace, out).values()) == {""}


def test_what_nobody_can_use_any_more_goes(trace: Path, tmp_path: Path) -> None:
    other = write_trace(tmp_path / "other.h5", steps=3)
    analyze(other, out=tmp_path / "out")
    for path in (tmp_path / "out").glob("*.parquet"):
        path.unlink()
    (tmp_path / "out" / ".cache" / ".x.fold.0123abcd.partial").write_bytes(b"begun")
    analyze(trace, out=tmp_path / "out", metrics=["num_activations"])
    assert [path.name for path in (tmp_path / "out" / ".cache").iterdir()] == ["num_activations.table"]


def test_a_cache_that_cannot_be_written_costs_a_warning(trace: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".cache").write_text("in the way")
    with pytest.warns(
        CacheWarning, match=r"out/\.cache: expected to keep there what a later analysis can use, found: "
    ):
        analyze(trace, out=tmp_path / "out", metrics=["num_activations"])
    assert list(content(tmp_path / "out")) == ["num_activations.parquet"]


def test_without_a_cache_nothing_is_kept_or_used(
    trace: Path, tmp_path: Path, replayed: list[tuple[int, int]]
) -> None:
    analyze(trace, out=tmp_path / "out", metrics=["num_activations"], cache=False)
    assert not (tmp_path / "out" / ".cache").exists()
    analyze(trace, out=tmp_path / "out", metrics=["num_activations"])
    analyze(trace, out=tmp_path / "out", metrics=["num_activations"], cache=False)
    assert len(replayed) == 3
    assert why(trace, tmp_path / "out", metrics=["num_activations"]) == {
        "num_activations": "nothing was kept of it"
    }


@dataclass(frozen=True)
class Inheriting(FeatureCoverage):
    """A metric of no package, with values of its own."""

    name = "inheriting"

    def values(self, *arguments: Any) -> Any:
        return super().values(*arguments)


def test_metrics_whose_code_nobody_vouches_for_are_made_anew(
    trace: Path, tmp_path: Path, replayed: list[tuple[int, int]]
) -> None:
    for _ in range(2):
        analyze(trace, out=tmp_path / "out", metrics=[Inheriting(), "num_activations"])
    assert len(replayed) == 2
    reason = "nothing tells whether its code has changed"
    assert why(trace, tmp_path / "out", metrics=[Inheriting()]) == {"inheriting": reason}


def test_a_promise_about_values_is_not_inherited_by_other_values() -> None:
    assert _values_stay(FeatureCoverage(), {})
    assert not _values_stay(Inheriting(), {})


def test_an_explanation_changes_nothing(trace: Path, tmp_path: Path) -> None:
    found = explained(trace, tmp_path / "out", n_jobs=2, chunk_size=8)
    assert not (tmp_path / "out").exists()
    assert (found.samples, found.engine, found.jobs, found.chunk_size) == (32, "threads", 2, 8)
    assert found.memory > 8
    first, second = found.passes
    assert [part.metrics for part in first.folds] == [
        ("basis_average",),
        ("basis_set_size", "basis_set_size_increase"),
        ("match_accuracy",),
        ("sisc_adherence",),
    ]
    assert [part.metrics[0] for part in first.values] == ["num_activations", "feature_coverage"]
    assert (first.samples, first.reads) == (32, ("active", "codes", "inputs"))
    assert len(second.values) == 4
    assert (second.folds, second.samples) == ((), 32)
