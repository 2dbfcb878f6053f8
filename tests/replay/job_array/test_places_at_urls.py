"""Parts that share nothing but a store come to what one analysis comes to, whatever happens to them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

import sparsey_trace as st
from sparsey_trace.errors import OutputError, TraceError
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.replay.job_array.parts import analyze_part, merge_parts
from sparsey_trace.replay.job_array.places_at_urls import ArrayAtUrl
from tests.buckets import bucket, in_memory
from tests.cli.commands import write_trace
from tests.replay.cache.folders import content
from tests.replay.test_by_partition import FEW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

URL = "memory://results/run.metrics"
ROOT = "/results/run.metrics"


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trace of 32 samples, of four partitions."""
    return write_trace(tmp_path_factory.mktemp("run") / "run.h5")


@pytest.fixture(scope="module")
def expected(trace: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What one analysis comes to."""
    out = tmp_path_factory.mktemp("one") / "run.metrics"
    analyze(trace, out=out, **FEW)
    return content(out)


@pytest.fixture
def memory() -> Iterator[Any]:
    """A store, empty before and after."""
    with in_memory() as store:
        yield store


def part(trace: Path | str, number: int, of: int = 2, url: str = URL) -> str:
    return str(analyze_part(trace, part=(number, of), out=url, **FEW)).removeprefix(f"{url}: ")


def merged(url: str = URL) -> str:
    return str(merge_parts(url)).removeprefix(f"{url}: ")


def tables(url: str) -> dict[str, bytes]:
    result = st.open_result(url)
    return content(result.path("basis_set").parent)


def array_of(memory: Any) -> str:
    (found,) = [name for name in memory.ls(ROOT, detail=False) if "/array-" in name]
    return str(found)


def check_parts(trace: Path | str, expected: dict[str, bytes], url: str) -> None:
    """In any order, some of them twice, of another number the second time, and merged too early."""
    assert part(trace, 2, url=url) == part(trace, 2, url=url) == "2 of 4 partitions are folded"
    with pytest.raises(
        TraceError, match=rf"^{url}: expected all 4 .* found 2 missing \(numbers 0, 2, from 0\)"
    ):
        merge_parts(url)
    assert part(trace, 1, url=url) == "all 4 partitions are folded; next: --merge"
    once_more = "partitions have given out their values; next: every --part once more"
    assert merged(url) == merged_again(url) == f"0 of 4 {once_more}"
    assert part(trace, 1, of=3, url=url) == f"2 of 4 {once_more}"
    assert part(trace, 3, of=3, url=url) == f"3 of 4 {once_more}"
    with pytest.raises(TraceError, match=r"given out their values, found 1 missing \(numbers 1, from 0\)"):
        merge_parts(url)
    assert part(trace, 2, of=3, url=url) == "all 4 partitions have given out their values; next: --merge"
    assert merged(url) == "4 tables: code_usage, basis_set, basis_set_size, match_accuracy"
    assert tables(url) == expected
    with pytest.raises(OutputError, match=rf"^{url}: expected what parts .* found none; run --part first$"):
        merge_parts(url)


def merged_again(url: str) -> str:
    with pytest.raises(TraceError, match="given out their values, found 4 missing"):
        merge_parts(url)
    return "0 of 4 partitions have given out their values; next: every --part once more"


def test_parts_at_a_url_come_to_the_same_bytes(
    trace: Path, expected: dict[str, bytes], memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_parts(trace, expected, URL)
    # One snapshot and its manifest; nothing of the parts.
    assert [name.rpartition("/")[2] for name in memory.ls(ROOT, detail=False)][1:] == ["manifest.json"]
    monkeypatch.setattr("sparsey_trace.replay.partitioned.piece.Piece.add", None)
    analyze(trace, out=URL, **FEW)


def test_parts_in_a_bucket_of_a_trace_in_it(trace: Path, expected: dict[str, bytes]) -> None:
    with bucket("results") as store:
        store.put(str(trace), "results/run.h5")
        check_parts("s3://results/run.h5", expected, "s3://results/run.metrics")
        assert len(store.ls("results/run.metrics")) == 2


def test_a_trace_at_a_url_is_named_by_it(trace: Path, memory: Any) -> None:
    memory.put(str(trace), "/runs/run.h5")
    part("memory://runs/run.h5", 1)
    (asked,) = memory.glob(f"{ROOT}/array-*/asked/*/asked.json")
    assert json.loads(memory.cat(asked))["paths"] == ["memory://runs/run.h5"]


def test_what_died_half_way_is_done_again(
    trace: Path, expected: dict[str, bytes], memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ArrayAtUrl.leave

    def die(self: ArrayAtUrl, job: Any, name: str, files: Any) -> None:
        if name.startswith("00002-"):
            folder = self._stored.within(job.folder.name).within(name)
            monkeypatch.setattr(memory, "pipe_file", None)
            monkeypatch.setattr(folder, "_remove_unless_it_counts", lambda _: None)
            folder.publish(job.folder, only=[path.name for path in files])
        real(self, job, name, files)

    part(trace, 2)
    with monkeypatch.context() as dying:
        dying.setattr(ArrayAtUrl, "leave", die)
        with pytest.raises(OutputError):
            part(trace, 1)
    # Its rows and states are there, but not what speaks of them.
    monkeypatch.undo()
    assert memory.glob(f"{array_of(memory)}/00002-1/*/*.state")
    with pytest.raises(TraceError, match=r"found 1 missing \(numbers 2, from 0\)"):
        merge_parts(URL)
    assert part(trace, 1) == "all 4 partitions are folded; next: --merge"
    # A store without whole files leaves half of what speaks of them.
    halved = f"{array_of(memory)}/00001-1/manifest.json"
    memory.pipe_file(halved, memory.cat(halved)[:20])
    with pytest.raises(
        TraceError, match=rf"^{URL}/array-[0-9a-f]*/00001-1: .* found ValueError.*; remove {URL}/"
    ):
        merge_parts(URL)
    part(trace, 2)
    merge_parts(URL)
    part(trace, 1)
    part(trace, 2)
    lost, *_ = memory.glob(f"{array_of(memory)}/00003-2/*/*.parquet")
    rows = memory.cat(lost)
    memory.pipe_file(lost, rows[:-1])
    with pytest.raises(TraceError) as caught:
        merge_parts(URL)
    told = r"with another content than was written; remove (\S*), and run again what left it"
    (named,) = re.findall(told, str(caught.value))
    memory.rm(named.removeprefix("memory:/"), recursive=True)
    part(trace, 2)
    merge_parts(URL)
    assert tables(URL) == expected


def test_two_arrays_at_one_url_leave_each_other_alone(
    trace: Path, expected: dict[str, bytes], memory: Any
) -> None:
    asked: dict[str, Any] = {"metrics": ["num_activations"], "resolution": "epoch", "partition_size": 8}
    analyze_part(trace, part=(1, 1), out=URL, **asked)
    other = array_of(memory)
    part(trace, 1, of=1)
    with pytest.raises(
        OutputError, match=rf"found those of 2: {URL}/array-\S* and {URL}/array-\S*; name one"
    ):
        merge_parts(URL)
    assert merge_parts(f"memory:/{other}").tables == ("num_activations",)
    merge_parts(URL)
    part(trace, 1, of=1)
    merge_parts(URL)
    assert {name: rows for name, rows in tables(URL).items() if "num_activations" not in name} == expected


def test_results_of_another_trace_are_left_alone(trace: Path, memory: Any, tmp_path: Path) -> None:
    analyze(trace, out=URL, metrics=["basis_set", "num_activations"], partition_size=8)
    other = write_trace(tmp_path / "other.h5")
    with pytest.raises(
        OutputError, match=rf"^{URL}: expected an empty folder, or earlier results of .* another"
    ):
        part(other, 1)
    assert not memory.glob(f"{ROOT}/array-*")
