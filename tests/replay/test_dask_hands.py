"""A cluster comes to the same bytes as this process, also where workers die."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

import sparsey_trace
from sparsey_trace.errors import MetricError, SparseyTraceError, UsageError
from sparsey_trace.replay import calls
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.replay.cache.private_folder import FOLDER
from sparsey_trace.replay.partitioned import site
from sparsey_trace.replay.partitioned.piece import Piece
from tests.cli.commands import write_trace
from tests.clusters import a_cluster
from tests.faults import times
from tests.replay.cache.folders import content
from tests.replay.test_by_partition import FEW, Failing
from tests.trace.reading.range_server import RangeServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from distributed import Client

DASK: dict[str, Any] = {"engine": "dask"}
KILLS = ("add", "merge_states", "write_table", "notes_of", "chance_of", "keep_state")
"""What a worker is killed in: while it folds or gives out values, merges, writes a table, and so on."""


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trace of 32 samples."""
    return write_trace(tmp_path_factory.mktemp("run") / "run.h5")


@pytest.fixture
def url(trace: Path) -> Iterator[str]:
    """Where a server has it."""
    pytest.importorskip("aiohttp")
    with RangeServer().running() as server:
        server.files[trace.name] = trace.read_bytes()
        yield f"{server.url}/{trace.name}"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Two workers in this process."""
    with a_cluster(2, processes=False) as found:
        yield found


def test_a_cluster_comes_to_the_same_bytes(trace: Path, tmp_path: Path, client: Client, url: str) -> None:
    for resolution, there in (("step", trace), ("epoch", url)):
        options = {**FEW, "resolution": resolution}
        analyze(trace, out=tmp_path / resolution, **options)
        out = tmp_path / f"{resolution} of dask"
        analyze(there, out=out, **DASK, client=client, **options)
        assert content(out) == content(tmp_path / resolution)
        # What others could use is kept, and nothing else.
        assert {path.name for path in (out / FOLDER).iterdir()} == {
            path.name for path in (tmp_path / resolution / FOLDER).iterdir()
        }


def test_what_a_metric_raises_comes_here(trace: Path, tmp_path: Path, client: Client) -> None:
    with pytest.raises(MetricError, match=r"^failing: expected values to work on every run, found .* no$"):
        analyze(trace, metrics=[Failing()], out=tmp_path / "out", partition_size=8, **DASK, client=client)
    assert not (tmp_path / "out").exists()


def test_workers_have_to_have_the_same_program(
    trace: Path, tmp_path: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "our_code", lambda: "other code")
    with pytest.raises(SparseyTraceError, match=r"^expected every worker to have the same sparsey-trace"):
        analyze(trace, out=tmp_path / "out", **FEW, **DASK, client=client)


def test_what_a_cluster_needs(trace: Path, tmp_path: Path, client: Client) -> None:
    for given, message in (
        ({"client": client, "out": tmp_path}, r"^client: expected engine='dask' with it, found 'auto'$"),
        (
            {**DASK, "out": tmp_path},
            r"^client: expected a distributed\.Client .*--scheduler ADDRESS, found NoneType$",
        ),
        (
            {**DASK, "client": client},
            r"^out: expected a folder that all workers of the cluster see, found none$",
        ),
    ):
        with pytest.raises(UsageError, match=message):
            analyze(trace, **given)


def test_a_short_trace_is_not_sent(trace: Path, tmp_path: Path, client: Client) -> None:
    assert sparsey_trace.explain(trace, engine="dask").engine == "serial"
    assert sparsey_trace.explain(trace, engine="dask", partition_size=8).engine == "dask"
    found = analyze(trace, out=tmp_path / "out", metrics=["num_activations"], **DASK, client=client)
    assert list(found) == ["num_activations"]


def lethal(marks: str, name: str) -> None:
    """Have a worker kill itself the first time that any worker does something."""
    owner: Any = Piece if hasattr(Piece, name) else calls
    call = getattr(owner, name)

    def dying(*arguments: Any, **named: Any) -> Any:
        try:
            os.close(os.open(f"{marks}/{name}", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return call(*arguments, **named)
        return os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, dying)


@pytest.mark.skipif(not times(0, 1), reason="`make faults` starts real workers, and kills them")
@pytest.mark.parametrize("name", KILLS)
def test_a_worker_that_dies_costs_its_call_only(trace: Path, tmp_path: Path, name: str) -> None:
    analyze(trace, out=tmp_path / "serial", **FEW)
    marks = tmp_path / "marks"
    marks.mkdir()
    with a_cluster(2, processes=True) as client:
        client.run(lethal, str(marks), name)
        analyze(trace, out=tmp_path / "dask", **FEW, **DASK, client=client)
    assert [path.name for path in marks.iterdir()] == [name]
    assert content(tmp_path / "dask") == content(tmp_path / "serial")
