"""Metrics as CSV, and what no form can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.csv
import pytest

import sparsey_trace as st
from sparsey_trace.errors import UsageError
from sparsey_trace.metrics.registry import metric_classes
from tests.cli.commands import write_trace
from tests.plugin_example.src.class_agreement.metric import ClassAgreement

if TYPE_CHECKING:
    from pathlib import Path
from tests.exporting.forms import analysed


def test_csv_holds_the_metrics_tables(run: Path) -> None:
    folder, remarks = st.export(run, to="csv")
    assert remarks == []
    assert {path.stem for path in folder.iterdir()} == {
        *(name for name, cls in metric_classes().items() if not issubclass(cls, st.metrics.RunMetric)),
        "feature_coverage_layer",
    } - {"layer_value"}
    for name in ("match_accuracy", "basis_set_size"):
        expected = analysed(run, name)
        found = pyarrow.csv.read_csv(folder / f"{name}.csv").to_pandas()
        pd.testing.assert_frame_equal(found.astype(expected.dtypes), expected)
        pd.testing.assert_frame_equal(pd.read_csv(folder / f"{name}.csv").astype(expected.dtypes), expected)


@pytest.mark.parametrize("to", ["tensorboard", "csv"])
def test_tables_that_are_there_are_used_and_new_ones_stay(run: Path, to: str) -> None:
    st.analyze(run, metrics=["basis_set_size"], out=run.with_suffix(".metrics"))
    made = run.with_suffix(".metrics") / "basis_set_size.parquet"
    before = made.stat().st_mtime_ns
    st.export(run, to=to, metrics=["basis_set_size", "num_activations"])
    assert made.stat().st_mtime_ns == before
    assert {path.name for path in made.parent.glob("*.parquet")} == {made.name, "num_activations.parquet"}


def test_what_a_form_cannot_hold_is_said(run: Path) -> None:
    wanted = ["basis_set_size", "basis_average", ClassAgreement()]
    _, remarks = st.export(run, to="tensorboard", metrics=wanted)
    assert remarks == [
        "basis_average is left out: its values are lists, which tensorboard can't hold",
        "class_agreement is left out: it has no values by step",
    ]
    folder, remarks = st.export(run, to="csv", metrics=wanted)
    assert remarks == ["basis_average is left out: its values are lists, which csv can't hold"]
    assert {path.stem for path in folder.iterdir()} == {"basis_set_size", "class_agreement"}
    with pytest.raises(
        UsageError, match=r"^metrics: expected some that csv can hold, found basis_average: its"
    ):
        st.export(run, to="csv", metrics=["basis_average"], out=run.with_name("other"))


def test_metrics_that_need_inputs_are_named_where_there_are_none(tmp_path: Path) -> None:
    _, remarks = st.export(write_trace(tmp_path / "run.h5", inputs=False), to="csv")
    assert "feature_coverage is left out: the trace has no inputs" in "\n".join(remarks)
