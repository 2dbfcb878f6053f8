"""Every table of the replay against the slow reading of the definitions, on generated runs."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsey_trace.layout import MARKS
from sparsey_trace.metrics import make_metric
from sparsey_trace.metrics.reductions import REDUCTIONS
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.testing import runs, write_run
from tests.faults import times
from tests.reference import reference_table

if TYPE_CHECKING:
    import pandas as pd

    from sparsey_trace.chunk import Chunk

OF_SAMPLES = [None, *(name for name in REDUCTIONS if name != "sparse")]

CASES = {
    "by default": {
        name: {}
        for name in (
            "num_activations",
            "basis_set_size",
            "basis_set_size_increase",
            "feature_coverage",
            "match_accuracy",
            "sisc_adherence",
        )
    },
    "by other measures": {"match_accuracy": {"similarity": "jaccard", "repeated": "first"}},
    "by another distance": {"match_accuracy": {"distance": "jaccard"}},
    "as pictures": {"basis_average": {}},
    "as usage": {"code_usage": {}},
}
"""Metrics of one analysis, and their parameters."""


@pytest.mark.parametrize("metrics", CASES.values(), ids=CASES)
@given(run=runs().filter(len), data=st.data())
@settings(max_examples=times(4, 50), deadline=None)
def test_tables_are_those_of_the_definition(
    metrics: dict[str, dict[str, str]], run: Chunk, data: st.DataObject
) -> None:
    made = [make_metric(name, parameters) for name, parameters in metrics.items()]
    resolution = data.draw(st.sampled_from(made[0].resolutions))
    reduction = data.draw(st.sampled_from(OF_SAMPLES if len(made[0].reductions) > 2 else made[0].reductions))
    with tempfile.TemporaryDirectory() as folder:
        write_run(f"{folder}/run.h5", run, commit_steps=data.draw(st.none() | st.integers(1, 4)))
        result = analyze(
            f"{folder}/run.h5",
            metrics=made,
            resolution=resolution,
            reduction=reduction,
            chunk_size=data.draw(st.integers(1, 50)),
        )
        assert set(result) >= set(metrics)
        for table in result:
            parameters = metrics[table.removesuffix("_layer")]
            expected = reference_table(table, run, resolution=resolution, reduction=reduction, **parameters)
            expect_equal(table, result.to_pandas(table), expected)


def expect_equal(table: str, found: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert list(found.columns) == list(expected.columns), table
    assert len(found) == len(expected), table
    for name in found.columns:
        if name in ("average", "feature"):
            for one, other in zip(found[name], expected[name], strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)
        elif name in ("phase", "layer_name", "metric"):
            assert found[name].astype(str).tolist() == expected[name].tolist()
        elif name in MARKS.values():
            assert found[name].astype("Int64").tolist() == expected[name].tolist()
        else:
            np.testing.assert_allclose(
                found[name].to_numpy(),
                expected[name].to_numpy(),
                rtol=1e-6,
                atol=1e-6,
                err_msg=f"{table}: {name}",
            )
            assert found[name].dtype.kind == expected[name].dtype.kind, name
