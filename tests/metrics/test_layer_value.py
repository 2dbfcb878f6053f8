"""Further recorded values against the slow reading of the definition, and by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies

import sparsey_trace as st
from sparsey_trace.errors import TraceError
from sparsey_trace.metrics import LayerValue
from sparsey_trace.metrics.base import Context
from sparsey_trace.metrics.recall import recall_from
from sparsey_trace.tables.provenance import provenance_in
from sparsey_trace.testing import runs
from sparsey_trace.trace.writing.writer import TraceWriter
from tests import definitions
from tests.faults import times
from tests.metrics.by_hand import LAYOUT, written

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace import Chunk

NAN = float("nan")

FAMILIARITY = [[0.5, 0.25], [NAN, 0.75], [5000, -1], [1, 3]]
ACTIVE = [[1, 1], [1, 1], [1, 0], [0, 0]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return valued(tmp_path_factory.mktemp("runs") / "run.h5")


def valued(path: Path) -> Path:
    """A run of two steps, with its familiarity and, whatever that is, its width."""
    with TraceWriter(path, LAYOUT) as writer:
        for step in (slice(0, 2), slice(2, 4)):
            writer.append(
                inputs=np.ones((2, 3), np.int64),
                codes=[np.zeros((2, 2, 1), np.int64)],
                active=[np.array(ACTIVE[step], np.bool_)],
                phase="train",
                values={"familiarity": [FAMILIARITY[step]], "width": [np.ones((2, 2))]},
            )
    return path


def values_in(result: Any) -> list[float | None]:
    return result["layer_value"]["value"].to_pylist()


@given(run=runs(values=("familiarity",)), silent=strategies.sampled_from(["skip", "count"]))
@settings(max_examples=times(10, 100), deadline=None)
def test_values_are_those_of_the_definition(run: Chunk, silent: Any) -> None:
    given_ = LayerValue(of="familiarity", silent=silent).values(
        run, run.layout, Context(None, recall_from(run))
    )
    for n, of_sample in definitions.layer_value(run, "familiarity", silent=silent).items():
        for (layer, mac), value in of_sample.items():
            found = float(given_.values[layer][n, mac])
            assert (found != found) if value is None else (found == value)


def test_means_are_over_the_samples_that_have_a_value(run: Path, tmp_path: Path) -> None:
    result = st.analyze(run, metrics=["layer_value"], out=tmp_path / "out")
    assert values_in(result) == [0.5, 0.5, 5000, None]
    assert result["layer_value"]["samples"].to_pylist() == [1, 2, 1, 0]
    made = provenance_in(result.path("layer_value"))
    assert (made["parameters"], made["units"]) == (
        {"of": "familiarity", "silent": "skip"},
        {"value": "familiarity"},
    )
    (row,) = result.summary_rows()
    assert (row.now, row.best, row.samples, row.unit) == ((5000.5 / 2 + 0.5) / 2, None, 4, "familiarity")
    assert "layer_value: from the cache" in str(
        st.explain(run, metrics=["layer_value"], out=tmp_path / "out")
    )
    same = st.analyze(run, metrics=["layer_value"], n_jobs=2, chunk_size=1)
    assert same.path("layer_value").read_bytes() == result.path("layer_value").read_bytes()
    counted = st.analyze(run, metrics=[LayerValue(silent="count")], resolution="run")
    assert values_in(counted) == pytest.approx([5001.5 / 3, 3 / 4])
    worst = result.worst("layer_value", n=2)
    assert worst["sample"].tolist() == [0, 1]


def test_without_a_name_it_is_the_first_and_the_others_are_named(run: Path, tmp_path: Path) -> None:
    result = st.analyze(run, resolution="run")
    assert values_in(result)[1] == 0.5
    assert result.skipped == {
        "layer_value:of=width": "layer_value is of familiarity; ask for this one in an analysis into another folder",
    }
    of_width = st.analyze(run, metrics=[LayerValue(of="width")], resolution="run")
    assert (values_in(of_width), of_width.skipped) == ([1, 1], {})
    with pytest.raises(TraceError, match="the trace has no value G of its MACs, only familiarity and width"):
        st.analyze(run, metrics=[LayerValue(of="G")])
    without = written(tmp_path / "without.h5", active=[ACTIVE])
    by_default = st.analyze(without)
    assert "layer_value" not in {**by_default, **by_default.skipped}
    with pytest.raises(TraceError, match=r"found none \(layer_value: the trace has no values\)"):
        st.analyze(without, metrics=["layer_value"])


def test_a_folder_of_tables_is_compared_without_its_trace(run: Path, tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "other"]
    for path, folder in zip((run, valued(tmp_path / "other.h5")), folders, strict=True):
        st.analyze(path, metrics=["layer_value"], out=folder)
    found = st.compare(folders)
    assert found.runs[0].summary[0].unit == "familiarity"
