"""What says of a row, in every table, which layer and which table it is of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sparsey_trace as st
from sparsey_trace.metrics.columns import word_column
from sparsey_trace.tables.name_columns import with_names, without_names
from tests.cli.commands import LAYOUT, write_steps, write_trace
from tests.table_counts import TABLES

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("resolution", ["sample", "step", "epoch", "run"])
@pytest.mark.parametrize("reduction", [None, "layerwise_mean", "mean", "highest_layer"])
def test_every_table_has_them_last(tmp_path: Path, resolution: str, reduction: str | None) -> None:
    result = st.analyze(write_trace(tmp_path / "run.h5", steps=4), resolution=resolution, reduction=reduction)
    whole = {"sample": 8, "step": TABLES, "epoch": TABLES, "run": TABLES}
    assert len(result) == (whole[resolution] if reduction is None else 7)
    for name in result:
        frame = result.to_pandas(name)
        assert len(frame)
        assert set(frame["metric"]) == {name}
        if "layer" in frame:
            assert list(frame.columns)[-2:] == ["layer_name", "metric"]
            assert (frame["layer_name"] == frame["layer"].map({0: "v1", 1: "v2"})).all()
        else:
            assert "layer_name" not in frame


def test_they_are_the_same_where_a_table_goes_on(tmp_path: Path) -> None:
    """Of several groups of rows, in several analyses."""
    for resolution in ("sample", "step"):
        out = tmp_path / resolution
        asked: dict[str, Any] = {"metrics": ["feature_coverage"], "resolution": resolution}
        with st.TraceWriter(tmp_path / f"{resolution}.h5", LAYOUT) as writer:
            write_steps(writer, 3)
            writer.commit()
            st.analyze(writer.path, **asked, out=out)
            write_steps(writer, 4, first=3)
            writer.commit()
            grown = st.analyze(writer.path, **asked, out=out)
        anew = st.analyze(tmp_path / f"{resolution}.h5", **asked)
        for name in anew:
            assert grown.path(name).read_bytes() == anew.path(name).read_bytes()


def test_their_dictionaries_hold_all_layers_whatever_rows_there_are(tmp_path: Path) -> None:
    found = st.analyze(
        write_trace(tmp_path / "run.h5"), reduction="highest_layer", metrics=["num_activations"]
    )
    names = found["num_activations"]["layer_name"].combine_chunks()
    assert (names.dictionary.to_pylist(), set(names.to_pylist())) == (["v1", "v2"], {"v2"})
    schema = pq.read_schema(found.path("num_activations"))
    assert [str(schema.field(name).type) for name in ("layer_name", "metric")] == [
        f"dictionary<values=string, indices={kind}, ordered=0>" for kind in ("int16", "int8")
    ]


def test_a_layer_without_a_name_has_none() -> None:
    table = pa.table({"layer": pa.array([1, None, 7, -1], pa.int32())})
    named = with_names(table, metric="own", layers=["v1", "größer"])
    assert named["layer_name"].to_pylist() == ["größer", None, None, None]
    assert without_names(named).equals(table)


def test_columns_of_a_metrics_own_stay() -> None:
    table = pa.table({"layer": ["low"], "metric": ["euclidean"]})
    assert with_names(table, metric="own", layers=["v1"]).equals(table)
    named = with_names(pa.table({"layer": [0], "layer_name": ["mine"]}), metric="own", layers=["v1"])
    assert named.to_pylist() == [{"layer": 0, "layer_name": "mine", "metric": "own"}]


def test_no_word_is_needed_for_no_row() -> None:
    assert word_column(np.empty(0, np.int16), []).to_pylist() == []
