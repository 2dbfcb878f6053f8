"""Basis sets against the slow reading of the definition, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as strategies

import sparsey_trace as st
from sparsey_trace.errors import UsageError
from sparsey_trace.metrics.basis_set import BasisSet
from sparsey_trace.tables.provenance import provenance_in
from sparsey_trace.testing import runs
from tests import definitions
from tests.faults import times
from tests.metrics.by_hand import written

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace import Chunk


@given(run=runs(), top=strategies.sampled_from([None, 1, 2]))
@settings(max_examples=times(12, 100), deadline=None)
def test_rows_are_those_of_the_definition(run: Chunk, top: int | None) -> None:
    metric = BasisSet(top=top)
    table = metric.finalize(metric.update(metric.init(run.layout), run), run.layout)
    expected, known = [], [[0] * layer.num_macs for layer in run.layout.layers]
    for layer, mac in definitions.all_macs(run.layout):
        rows = definitions.basis_set(run, layer, mac)
        known[layer][mac] = len(rows)
        expected += [{"phase": "train", "layer": layer, "mac": mac, **row} for row in rows[:top]]
    assert metric.notes(table) == {"codes": known}
    assert [plain(row) for row in table.to_pylist()] == [plain(row) for row in expected]


def plain(row: dict[str, Any]) -> dict[str, Any]:
    purity = None if row["purity"] is None else np.float32(row["purity"])
    return {**row, "code": list(row["code"]), "purity": purity}


def test_the_table_says_how_many_there_are(tmp_path: Path) -> None:
    # The first MAC shows codes 0, 1, 0, 2, the second 0, 0 and is silent at first; nothing is labelled.
    codes, active = [[[0, 0], [1, 0]], [[0, 0], [2, 0]]], [[[1, 0], [1, 0]], [[1, 1], [1, 1]]]
    run = written(tmp_path / "run.h5", codes=codes, active=active)
    result = st.analyze(run, metrics=[BasisSet(top=2)])
    found = result.to_pandas("basis_set")
    assert [code.tolist() for code in found["code"]] == [[0], [1], [0]]
    assert found[["mac", "count", "first_step", "last_step"]].to_numpy().tolist() == [
        [0, 2, 0, 1],
        [0, 1, 0, 0],
        [1, 2, 1, 1],
    ]
    assert found[["label", "purity"]].isna().all(axis=None)
    assert list(found.columns)[-2:] == ["layer_name", "metric"]
    made = provenance_in(result.path("basis_set"))
    assert (made["notes"]["codes"], made["parameters"]) == ([[3, 1]], {"top": 2})
    assert made["units"]["count"] == "train samples"
    # Of all four codes, though one has no row: three were shown four times, one twice.
    (row,) = result.summary_rows()
    assert (row.now, row.samples, row.unit) == (1.5, 4, "train samples per code")


def test_what_has_no_meaning_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"^basis_set: top: expected a whole number of at least 1, or none, "
    ):
        BasisSet(top=0)
    run = written(tmp_path / "run.h5", active=[[[1, 1]]])
    with pytest.raises(
        UsageError, match=r"^basis_set: resolution: expected step, epoch, run, found 'sample'$"
    ):
        st.analyze(run, metrics=["basis_set"], resolution="sample")
    with pytest.raises(UsageError, match=r"^basis_set: reduction: expected none, found 'mean'$"):
        st.analyze(run, metrics=["basis_set"], reduction="mean")
