"""docs/trace-format.md is right: its tables name all there is, and its steps for readers work."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import h5py
import hdf5plugin  # noqa: F401 - the page's reader needs the filter too
import numpy as np
import pytest

from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.trace.paths import lock_path
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, ROOT, feed, sent, start_writer

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs/trace-format.md").read_text(encoding="utf-8")
COLUMNS = ("samples/", "inputs", "layers/{l}/codes", "layers/{l}/active", "layers/{l}/values/")


def table_rows() -> dict[str, str]:
    """What each row of the page's tables names, and the cell beside it."""
    return dict(re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", PAGE, flags=re.MULTILINE))


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    parts = [
        LayerLayout(name="v1", num_macs=20, num_cms=3, num_neurons=5, connections=[[0]] * 20),
        LayerLayout(
            name="v2", num_macs=2, num_cms=2, num_neurons=300, connections=[[0]] * 2, positions=[[0, 0]] * 2
        ),
    ]
    with TraceWriter(tmp_path / "run.h5", Layout(num_features=13, layers=parts)) as writer:
        feed(writer, 0, range(30))
    return tmp_path / "run.h5"


def test_the_tables_name_all_that_is_in_a_trace(trace: Path) -> None:
    with h5py.File(trace) as file:
        found = set(file.attrs)
        file.visititems(lambda name, item: found.add(name) if isinstance(item, h5py.Dataset) else None)
        alone = "tail/checksums"
        tails = {name.removeprefix("tail/") for name in found if name.startswith("tail/") and name != alone}
        names = {name for name in found if name.removeprefix("tail/") not in tails} | tails
        assert {generic(name) for name in names} == set(table_rows()) | {"description"}
        assert {generic(name) for name in tails} == {
            name for name in table_rows() if name.startswith(COLUMNS)
        }
        for name in file["layers/0"].attrs:
            assert f"`{name}`" in PAGE


def generic(name: str) -> str:
    return re.sub(r"values/.*", "values/{name}", re.sub(r"layers/\d", "layers/{l}", name))


def test_everything_says_what_it_is(trace: Path) -> None:
    with h5py.File(trace) as file:
        found = [file]
        file.visititems(lambda _, item: found.append(item))
        assert [item.name for item in found if not item.attrs.get("description")] == []
        assert file["samples/time"].attrs["units"] == file["tail/samples/time"].attrs["units"] != ""
        axes = [[scale.name for scale in axis.values()] for axis in file["layers/1/codes"].dims]
        assert axes == [["/samples/step"], ["/layers/1/macs"], ["/layers/1/cms"]]
        assert [scale.name for scale in file["layers/0/values/familiarity"].dims[1].values()] == [
            "/layers/0/macs"
        ]
        assert file["layers/0/macs"][:].tolist() == list(range(20))


def test_hdf5s_own_tools_show_what_is_known_of_samples(trace: Path) -> None:
    if (h5dump := shutil.which("h5dump")) is None:
        pytest.skip("HDF5's command-line tools aren't here")
    shown = subprocess.run(
        [h5dump, "-d", "/samples/phase", trace], capture_output=True, text=True, check=True
    )
    assert "whether a sample was trained on" in shown.stdout
    assert re.search(r"\(0\): (train|eval), ", shown.stdout)


def test_dtypes_chunks_and_filters_are_as_the_page_says(trace: Path) -> None:
    with h5py.File(trace) as file:
        for name, kind in table_rows().items():
            for path in {
                name.replace("{l}", number).replace("{name}", "familiarity") for number in "01"
            } & set(all_datasets(file)):
                if file[path].dtype.kind not in "SV":
                    assert str(file[path].dtype) in kind, path
                    assert bool(h5py.check_enum_dtype(file[path].dtype)) == kind.startswith("enum")
                    assert file[path].dtype.newbyteorder("<") == file[path].dtype
                if name.startswith(COLUMNS):
                    size = len(file["tail/samples/step"])
                    expected = (size, 16, 3) if path == "layers/0/codes" else (size, *file[path].shape[1:])
                    assert file[path].chunks == expected
                    assert file[path].fletcher32
                    plist = file[path].id.get_create_plist()
                    filters = [plist.get_filter(number)[0] for number in range(plist.get_nfilters())]
                    # 1 and 2 are HDF5's own deflate and shuffle, 6 is its scaleoffset, 3 is Fletcher32.
                    expected = [2, 1, 3] if name.startswith("samples/") else [32015, 3]
                    assert filters == [6] * (path == "layers/0/codes") + expected
                    assert file[f"tail/{path}"].shape == (size, *file[path].shape[1:])
                    assert file[f"tail/{path}"].chunks is None


def all_datasets(file: h5py.File) -> list[str]:
    names: list[str] = []
    file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    return names


def read_as_the_page_says(path: Path, name: str) -> np.ndarray:
    """A column as stored, by the steps of the page and with h5py alone."""
    is_unclosed = path.read_bytes()[11] & 4
    with h5py.File(path, "r", swmr=bool(is_unclosed)) as file:
        closed, committed, in_chunks = (
            int(file[f"progress/{counter}"][()]) for counter in ("closed", "committed", "in_chunks")
        )
        assert closed == (not is_unclosed)
        assert committed <= in_chunks + len(file["tail/samples/step"])
        chunked = file[name][: min(committed, in_chunks)]
        return np.concatenate([chunked, file[f"tail/{name}"][: max(0, committed - in_chunks)]])


@pytest.mark.parametrize("end", ["close", "exit"])
def test_a_reader_by_the_page_needs_none_of_this_program(tmp_path: Path, end: str) -> None:
    path, expected = tmp_path / "run.h5", sent(0, 40)
    with start_writer(path, seed=0, steps=40, commit_every=1, chunk_bytes=1, end=end) as writer:
        writer.stdout.read()
    assert read_as_the_page_says(path, "samples/label").tolist() == expected["label"].tolist()
    assert read_as_the_page_says(path, "layers/1/codes").tolist() == expected["codes 1"].tolist()
    inputs = np.unpackbits(read_as_the_page_says(path, "inputs"), axis=1)
    assert inputs[:, :13].tolist() == expected["inputs"].tolist()
    assert not inputs[:, 13:].any()


def test_a_reader_by_the_page_finds_no_step_in_one_that_has_none(tmp_path: Path) -> None:
    with start_writer(
        tmp_path / "run.h5", seed=0, steps=0, commit_every=1, chunk_bytes=1, end="exit"
    ) as writer:
        writer.stdout.read()
    assert not (tmp_path / "run.h5").exists()
    # What had no step yet was in memory: a writer that died then leaves its lock, which says who it was.
    assert [path.name for path in tmp_path.iterdir()] == [lock_path(tmp_path / "run.h5").name]
    TraceWriter(tmp_path / "closed.h5", LAYOUT).close()
    assert (tmp_path / "closed.h5").read_bytes()[11] == 0
