"""A run in many files comes to the same tables as the same samples in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from sparsey_trace.errors import TraceError
from sparsey_trace.metrics import MatchAccuracy, SiscAdherence
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.tables.provenance import provenance_of
from sparsey_trace.trace.format.run_part import RunPart
from sparsey_trace.trace.paths import default_folder
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.replay.cache.folders import anew, content, explained
from tests.table_counts import WITH_VALUES
from tests.trace.feed import LAYOUT, feed, write_closed
from tests.trace.ranks import write_parts, write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.replay.result import Result


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_whole(tmp_path_factory.mktemp("whole") / "run.h5")


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_parts(tmp_path_factory.mktemp("parts"))


def check_equal(found: Result, expected: Result, *, trace: str) -> None:
    assert list(found) == list(expected)
    for name in expected:
        assert found[name].replace_schema_metadata(None).equals(expected[name].replace_schema_metadata(None))
        one, other = (provenance_of(pq.read_schema(result.paths[name])) for result in (found, expected))
        # Of some steps one rank has no samples.
        assert one["notes"].pop("gaps").startswith("5 steps were recorded by some ranks only: 4 (not by 1)")
        del one["notes"]["values"]
        assert one == other | {"trace": trace}


@pytest.fixture(scope="module", params=["sample", "step", "epoch", "run"])
def of_whole(request: pytest.FixtureRequest, whole: Path) -> tuple[str, Result]:
    """A resolution, and what comes of all samples in one file."""
    return request.param, analyze(whole, resolution=request.param)


@pytest.mark.parametrize("processes", [1, 2])
def test_the_same_tables(of_whole: tuple[str, Result], parts: list[Path], processes: int) -> None:
    resolution, expected = of_whole
    found = analyze(parts[::-1], resolution=resolution, n_jobs=processes, chunk_size=37)
    with open_trace(parts) as trace:
        check_equal(found, expected, trace=trace.id)
    assert len(expected) == (9 if resolution == "sample" else WITH_VALUES)


def test_the_same_draws_by_a_pattern(whole: Path, parts: list[Path]) -> None:
    metrics = [MatchAccuracy(reference_size=20), SiscAdherence(reference_size=20, seed=1)]
    with open_trace(parts[0].with_name("run.rank*.h5")) as trace:
        found = analyze(trace, metrics=metrics, n_jobs=2)
        check_equal(found, analyze(whole, metrics=metrics), trace=trace.id)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_trace_that_is_replaced_meanwhile_is_not_mixed_with_the_other(
    tmp_path: Path, processes: int
) -> None:
    path = write_closed(tmp_path / "run.h5", steps=5)
    with open_trace(path) as trace:
        with TraceWriter(path, LAYOUT, overwrite=True) as writer:
            feed(writer, 1, range(9))
        with pytest.raises(TraceError) as caught:
            analyze(trace, metrics=["num_activations"], n_jobs=processes)
    assert str(caught.value) == (
        f"{path}: expected the trace that was opened before, found another trace; analyse it anew"
    )


@pytest.mark.parametrize("num_ranks", [1, 2])
def test_analyse_resume_analyse(tmp_path: Path, num_ranks: int) -> None:
    stems = ["run"] if num_ranks == 1 else ["run.rank0", "run.rank1"]

    def write(ending: str, steps: range, before: dict[str, int]) -> dict[str, int]:
        sizes = {}
        for rank, stem in enumerate(stems):
            continued = {"continues": f"{stem}.h5", "first_sample": before[stem]} if before else {}
            part = RunPart(rank=rank, num_ranks=num_ranks, first_step=steps.start, **continued)
            with TraceWriter(tmp_path / f"{stem}{ending}", LAYOUT, part=part) as writer:
                feed(writer, rank, steps)
            sizes[stem] = writer.num_committed
        return sizes

    before = write(".h5", range(6), {})
    run, folder = tmp_path / "run.*h5", default_folder(*sorted(tmp_path.glob("*.h5")))
    first = analyze(run, out=folder)
    later = write(".1.h5", range(6, 9), before)
    assert default_folder(*sorted(tmp_path.glob("*.h5"))) == folder
    known = {item.known for fold in explained(run, folder).passes for item in fold.folds}
    assert known == {sum(before.values())}
    again = analyze(run, out=folder)
    assert content(folder) == anew(run, tmp_path / "anew")
    with open_trace(run) as trace:
        assert len(trace) == sum(before.values()) + sum(later.values())
    assert again.gaps == first.gaps == ""
