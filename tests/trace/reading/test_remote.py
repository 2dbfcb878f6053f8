"""Traces that lie elsewhere are read like those here."""

from __future__ import annotations

import builtins
import zipfile
from typing import TYPE_CHECKING, Any

import fsspec
import numpy as np
import pytest

import sparsey_trace as st
from sparsey_trace.errors import TraceError, UsageError
from tests.replay.runs import write_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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
        np.testing.assert_array_equal(there.layers[0].codes[:], here.layers[0].codes[:])
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
