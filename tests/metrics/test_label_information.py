"""Label information against the slow reading of the definition, and where it has no meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as strategies

import sparsey_trace as st
from sparsey_trace.layout import PHASES
from sparsey_trace.metrics.label_information import LabelInformation
from sparsey_trace.tables.provenance import provenance_in
from sparsey_trace.testing import runs
from tests import definitions
from tests.faults import times
from tests.metrics.by_hand import written

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace import Chunk

COLUMNS = ["bits", "share", "activity_bits", "samples", "codes", "shuffled"]


@given(run=runs(), seed=strategies.sampled_from([0, 1, -1]))
@settings(max_examples=times(12, 100), deadline=None)
def test_rows_are_those_of_the_definition(run: Chunk, seed: int) -> None:
    metric = LabelInformation(seed=seed)
    table = metric.finalize(metric.update(metric.init(run.layout), run), run.layout)
    expected = [
        [PHASES[phase], *at, *(found[name] for name in COLUMNS)]
        for phase in range(len(PHASES))
        for at in definitions.all_macs(run.layout)
        if (found := definitions.label_information(run, at, phase, seed)) is not None
    ]
    assert table.column_names == ["phase", "layer", "mac", *COLUMNS]
    for row, other in zip(table.to_pylist(), expected, strict=True):
        assert list(row.values()) == [
            pytest.approx(it, abs=1e-6) if isinstance(it, float) else it for it in other
        ]


def test_what_is_told_and_what_chance_tells(tmp_path: Path) -> None:
    # Both MACs are active for two of four labelled samples: the first for those of one label, the second by half.
    # In evaluation all labels are the same; the last step has none.
    active = [[[1, 1], [1, 0]], [[0, 1], [0, 0]], [[1, 0], [0, 1]], [[1, 1], [1, 1]]]
    codes = [[[0, 0], [1, 0]], [[0, 0], [0, 0]], [[0, 0], [0, 0]], [[2, 2], [2, 2]]]
    run = written(
        tmp_path / "run.h5",
        codes=codes,
        active=active,
        phases=("train", "train", "eval", "train"),
        labels=[[5, 5], [6, 6], [7, 7], None],
    )
    result = st.analyze(run, metrics=["label_information"])
    found = result["label_information"].select(["phase", "mac", *COLUMNS]).to_pylist()
    assert [list(row.values())[:-1] for row in found] == [
        ["train", 0, 1.0, 1.0, 1.0, 4, 2],
        ["train", 1, 0.0, 0.0, 0.0, 4, 1],
        ["eval", 0, 0.0, None, 0.0, 2, 1],
        ["eval", 1, 0.0, None, 0.0, 2, 1],
    ]
    assert 0 < found[0]["shuffled"] < 1
    assert provenance_in(result.path("label_information"))["units"]["bits"] == "bits"
    chance = pytest.approx((found[0]["shuffled"] + found[1]["shuffled"]) / 2)
    # Of a single label there is nothing to tell: 0 bits of evaluation would say that nothing was learnt.
    (row,) = result.summary_rows()
    assert (row.phase, row.now, row.chance, row.samples, row.unit) == ("train", 0.5, chance, 4, "bits")


def test_shuffled_labels_tell_what_few_samples_seem_to_tell(tmp_path: Path) -> None:
    """Codes that have nothing to do with labels: what they seem to tell is what shuffled labels tell."""
    rng = np.random.default_rng(0)
    run = written(
        tmp_path / "run.h5",
        codes=rng.integers(3, size=(20, 10, 2)).tolist(),
        active=np.ones((20, 10, 2), int).tolist(),
        labels=rng.integers(4, size=(20, 10)).tolist(),
    )
    for row in st.analyze(run, metrics=["label_information"])["label_information"].to_pylist():
        assert row["bits"] == pytest.approx(row["shuffled"], abs=0.02)
        assert row["shuffled"] == pytest.approx(3 * 2 / (2 * 200 * np.log(2)), rel=0.5)
