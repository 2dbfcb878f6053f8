"""Traces that lie elsewhere are read like those here."""

from __future__ import annotations

import builtins
import pickle
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import fsspec
import numpy as np
import pytest

import sparsey_trace as st
from sparsey_trace.errors import TraceError, UsageError, url_of
from sparsey_trace.replay.describe import facts
from sparsey_trace.trace.hdf5 import ranged_file
from sparsey_trace.trace.reading import remote
from tests.buckets import bucket
from tests.replay.runs import write_run
from tests.trace.reading.range_server import RangeServer

ROOT = Path(__file__).parents[3]

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    """A trace, of which the memory file system has a copy."""
    path = write_run(tmp_path / "run.h5", seed=1)
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/runs/run.h5", path.read_bytes())
    yield path
    memory.rm("/runs", recursive=True)


def test_a_url_is_read_like_the_file(store: Path) -> None:
    with st.open_trace("memory://runs/run.h5") as there, st.open_trace(store) as here:
        assert there.id == here.id
        assert repr(there).startswith("<Trace memory://runs/run.h5: ")
        assert st.explain(there).trace == "memory://runs/run.h5"
        np.testing.assert_array_equal(there.layers[0].codes[:], here.layers[0].codes[:])
        # Nothing of it lies here, and its size is that of the file there.
        assert [facts(trace)["bytes"] for trace in (there, here)] == [store.stat().st_size] * 2
    assert st.analyze("memory://runs/run.h5")["basis_set_size"].equals(st.analyze(store)["basis_set_size"])


def test_a_pattern_in_a_url_names_the_files_of_a_run(store: Path) -> None:
    with st.open_trace("memory://runs/*.h5") as there, st.open_trace(store) as here:
        assert len(there) == len(here)
    with pytest.raises(TraceError, match=r"memory://runs/\*\.hdf: expected files of such names, found none"):
        st.open_trace("memory://runs/*.hdf")


def test_a_folder_elsewhere_is_taken_by_its_name(store: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/runs/exp[3]/run.0.h5", store.read_bytes())
    with st.open_trace("memory://runs/exp[3]/run.*.h5") as there, st.open_trace(store) as here:
        assert there.id == here.id


def test_an_archive_is_looked_into(store: Path) -> None:
    archive = store.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w") as file:
        file.write(store, "inside/run.h5")
    with st.open_trace(f"zip://inside/run.h5::{archive}") as there, st.open_trace(store) as here:
        assert there.id == here.id


def test_files_of_one_name_in_an_archive_stay_apart(store: Path) -> None:
    archive = store.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w") as file:
        for seed in (2, 3):
            write_run(store.with_name("other.h5"), seed=seed).rename(store)
            file.write(store, f"{seed}/run.h5")
    ids = []
    for seed in (2, 3):
        with st.open_trace(f"zip://{seed}/run.h5::{archive}") as trace:
            ids.append(trace.id)
    with pytest.raises(TraceError) as caught:
        st.open_trace(f"zip://*/run.h5::{archive}")
    assert len(set(ids)) == 2
    assert f"zip://2/run.h5::{archive}" in str(caught.value)
    assert f"zip://3/run.h5::{archive}" in str(caught.value)


def test_errors_name_the_url(store: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/runs/damaged.h5", store.read_bytes()[:-100])
    memory.pipe_file(
        "/runs/text.h5", b"no trace at all, but longer than the beginning of one, so that it is read"
    )
    for url, named, expected in (
        (
            "memory://runs/damaged.h5",
            "memory://runs/damaged.h5",
            "expected a whole file, found a truncated one",
        ),
        (
            "memory://runs/te*.h5",
            "memory:///runs/text.h5",
            "expected a sparsey-trace file (HDF5), found a file that isn't HDF5",
        ),
    ):
        with pytest.raises(TraceError) as caught:
            st.open_trace(url)
        assert str(caught.value).startswith(f"{named}: {expected}")
    with st.open_trace("memory://runs/run.h5") as trace:
        pass
    with pytest.raises(
        TraceError, match=r"^memory://runs/run\.h5: expected an open trace, found one that was closed$"
    ):
        trace.layers[0].codes[:]


def test_a_file_url_is_no_copy(store: Path) -> None:
    with st.open_trace(store.as_uri()) as trace:
        assert trace.path == store


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("memory://runs/other.h5", "FileNotFoundError"),
        ("nosuch://run.h5", "ValueError: Protocol not known: nosuch"),
    ],
)
def test_what_cannot_be_had_is_said(store: Path, url: str, found: str) -> None:
    with pytest.raises(TraceError, match=f"{url}: expected a file that fsspec can read, found {found}"):
        st.open_trace(url)


def test_without_fsspec_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **kwargs: Any) -> Any:
        if name == "fsspec":
            raise ModuleNotFoundError(name=name)
        return real(name, *rest, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        UsageError, match=r'found it not installed; run pip install "sparsey-trace\[remote\]"'
    ):
        st.open_trace("s3://bucket/run.h5")


class Served(NamedTuple):
    """A run here and on a server, where no other test has fetched anything of it."""

    server: RangeServer
    name: str
    path: Path

    @property
    def url(self) -> str:
        return f"{self.server.url}/{self.name}"


@pytest.fixture(scope="module")
def server() -> Iterator[RangeServer]:
    """A server of ranges."""
    pytest.importorskip("aiohttp")
    with RangeServer().running() as server:
        yield server


@pytest.fixture
def served(server: RangeServer, request: pytest.FixtureRequest) -> Iterator[Served]:
    name, path = f"{request.node.name}.h5", ROOT / "sample_traces/mnist.h5"
    server.files[name] = path.read_bytes()
    server.requests = server.sent = 0
    yield Served(server, name, path)
    server.gives_ranges = True


def test_of_a_file_in_a_store_only_what_is_needed_is_fetched(served: Served) -> None:
    with st.open_trace(served.url) as there, st.open_trace(served.path) as here:
        assert there.id == here.id
        np.testing.assert_array_equal(there.layers[0].codes[:], here.layers[0].codes[:])
        assert there.contents() is not None
    needed = served.server.sent
    assert 0 < needed < served.path.stat().st_size / 2
    for _ in range(2):
        with st.open_trace(served.url) as again:
            assert again.id == here.id
    assert served.server.sent == needed


def test_what_stands_together_is_fetched_together(served: Served) -> None:
    with st.open_trace(served.url) as trace:
        facts(trace)
        assert served.server.requests < 30
        assert served.server.sent < 600_000
        for _ in trace.chunks(2048):
            pass
        chunks = sum(1 for path in trace.columns for _ in trace.storage.encoded(path))
        assert served.server.requests < 60 < chunks
    size = served.path.stat().st_size
    assert size / 2 < served.server.sent < size


def test_what_is_in_a_closed_trace_is_told_in_ten_requests(server: RangeServer, tmp_path: Path) -> None:
    path, rng = tmp_path / "run.h5", np.random.default_rng(0)
    layer = st.LayerLayout(name="v1", num_macs=64, num_cms=8, num_neurons=16, connections="everything")
    layout = st.Layout(num_features=16, layers=[layer])
    steps, size = 32, 512
    with st.TraceWriter(path, layout) as writer:
        for epoch in range(steps):
            codes = rng.integers(16, size=(size, 64, 8))
            active = np.ones((size, 64), np.bool_)
            writer.append(
                inputs=rng.integers(2, size=(size, 16)),
                codes=[codes],
                active=[active],
                phase="train",
                epoch=epoch,
            )
    server.files["closed.h5"] = path.read_bytes()
    server.requests = server.sent = 0
    with st.open_trace(f"{server.url}/closed.h5") as trace:
        found = facts(trace)
    assert (found["samples"], found["epochs"], found["steps"]) == (steps * size, steps, steps)
    assert path.stat().st_size > 4_000_000
    assert server.requests <= 3
    assert server.sent < 500_000


def test_another_process_fetches_for_itself(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with st.open_trace(served.url) as trace:
        sent, labels = pickle.dumps(trace), trace.samples.label[:]
    for stands_here in (True, False):
        # On another machine nothing is seen of what stands for the file on this one.
        if not stands_here:
            trace.path.unlink()
        monkeypatch.setattr(remote, "_ranged", {})
        monkeypatch.setattr(remote, "_known", {})
        for _ in range(2):
            with pickle.loads(sent) as there:
                np.testing.assert_array_equal(there.samples.label[:], labels)
            assert (there.path == trace.path) == stands_here
            assert url_of(str(there.path)) == served.url
    del served.server.files[served.name]
    remote._ranged.clear()
    with pytest.raises(TraceError, match=f"^{re.escape(served.url)}: expected a file that fsspec can read"):
        pickle.loads(sent)


def test_another_version_is_noticed(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranged_file, "_SETTLED_SECONDS", 0)
    with st.open_trace(served.url) as first:
        other = ROOT / "sample_traces/digits.h5"
        served.server.files[served.name] = other.read_bytes()
        with pytest.raises(TraceError) as caught:
            first.layers[0].codes[:]
    assert str(caught.value).startswith(f"{served.url}: expected to read samples ")
    assert str(caught.value).endswith("another version of it than was opened; open the trace anew")
    with st.open_trace(served.url) as now, st.open_trace(other) as here:
        assert now.id == here.id != first.id


def test_what_gives_no_ranges_is_copied(served: Served) -> None:
    served.server.gives_ranges = False
    with st.open_trace(served.url) as there:
        assert len(there.layers[0].codes[:]) == len(there)
    assert served.server.sent >= served.path.stat().st_size


def test_what_a_store_says_no_to_is_told_by_the_url(served: Served) -> None:
    with st.open_trace(served.url) as trace:
        del served.server.files[served.name]
        with pytest.raises(TraceError, match=f"^{re.escape(served.url)}: expected to read .*FileNotFound"):
            trace.layers[0].codes[:]


def test_whatever_a_store_raises_is_told_in_a_line(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoSuchAccountError(Exception):
        """As the libraries of some stores have them: of no kind that Python knows."""

    def refused(*_: object, **__: object) -> None:
        msg = "no account run\nRequestId: 7947\n<?xml?>"
        raise NoSuchAccountError(msg)

    with monkeypatch.context() as patched:
        patched.setattr(type(fsspec.filesystem("memory")), "info", refused)
        with pytest.raises(TraceError) as caught:
            st.open_trace("memory://runs/run.h5")
    assert str(caught.value) == (
        "memory://runs/run.h5: expected a file that fsspec can read, found NoSuchAccountError: no account run"
    )


def test_a_bucket_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with bucket("runs") as store:
        for name in ("digits", "mnist"):
            store.put_file(ROOT / f"sample_traces/{name}.h5", f"runs/{name}.h5")
        here, there = ROOT / "sample_traces/mnist.h5", "s3://runs/mn*.h5"
        wanted = {"metrics": ["num_activations"]}
        assert st.analyze(there, **wanted)["num_activations"].equals(
            st.analyze(here, **wanted)["num_activations"]
        )
        with st.open_trace("s3://runs/mnist.h5") as trace:
            store.put_file(ROOT / "sample_traces/digits.h5", "runs/mnist.h5")
            monkeypatch.setattr(ranged_file, "_SETTLED_SECONDS", 0)
            with pytest.raises(
                TraceError, match=r"^s3://runs/mnist\.h5: .* another version of it than was opened"
            ):
                trace.layers[0].codes[:]
