"""What a table says of where its values come from is what was put into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sparsey_trace as st
from sparsey_trace.metrics import MatchAccuracy
from sparsey_trace.tables.provenance import (
    first_difference,
    make_provenance,
    metadata_of,
    provenance_in,
    provenance_of,
)
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.cli.commands import write_trace

if TYPE_CHECKING:
    from pathlib import Path


def test_it_names_all_that_values_depend_on(tmp_path: Path) -> None:
    with open_trace(write_trace(tmp_path / "run.h5", steps=2)) as trace:
        made = make_provenance(MatchAccuracy(seed=3), trace, resolution="epoch", reduction="mean")
        assert (made["trace"], made["samples"]) == (trace.id, 8)
    assert {key: made[key] for key in ("metric", "resolution", "reduction", "package")} == {
        "metric": "match_accuracy",
        "resolution": "epoch",
        "reduction": "mean",
        "package": None,
    }
    assert made["parameters"]["seed"] == 3
    assert made["program"].startswith("sparsey-trace ")


def test_it_names_layers_and_gives_pictures_their_shape(tmp_path: Path) -> None:
    result = st.analyze(write_trace(tmp_path / "run.h5"), metrics=["basis_average"])
    made = provenance_in(result.path("basis_average"))
    assert made is not None
    assert made["layer_names"] == ["v1", "v2"]
    assert np.reshape(result["basis_average"]["average"][0].as_py(), made["input_shape"]).shape == (3, 4)


def test_it_is_read_back(tmp_path: Path) -> None:
    table = pa.table({"value": [1.0]})
    assert provenance_of(table.schema) is None
    ours = table.replace_schema_metadata(metadata_of({"b": 1, "a": [None, "x"]}))
    assert provenance_of(ours.schema) == {"a": [None, "x"], "b": 1}
    pq.write_table(ours, tmp_path / "ours.parquet")
    assert provenance_in(tmp_path / "ours.parquet") == {"a": [None, "x"], "b": 1}


@pytest.mark.parametrize("content", [None, b"", b"PAR1", b"text"])
def test_files_that_are_no_tables_of_ours_have_none(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.parquet"
    if content is not None:
        path.write_bytes(content)
    assert provenance_in(path) is None
    assert provenance_in(tmp_path) is None
    pq.write_table(pa.table({"x": [1]}).replace_schema_metadata(metadata_of([])), path)  # type: ignore[arg-type]
    assert provenance_in(path) is None


def test_the_first_difference_is_said() -> None:
    found = {"resolution": "step", "reduction": None, "version": 1}
    assert first_difference(found, {"resolution": "step", "reduction": None}) is None
    wanted = {"resolution": "step", "reduction": "mean", "version": 2}
    assert first_difference(found, wanted) == "a table made with reduction none, not mean"
    assert first_difference({}, {"version": 2}) == "a table made with version none, not 2"
