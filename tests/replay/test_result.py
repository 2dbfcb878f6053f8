"""What a result shows of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sparsey_trace as st
from sparsey_trace.trace.rescue.relabel import relabel
from tests.charts.runs import write
from tests.cli.commands import LAYOUT, write_steps

if TYPE_CHECKING:
    from pathlib import Path


def test_labels_stay_what_they_were(tmp_path: Path) -> None:
    large = 2**53 + 1
    with st.TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        write_steps(writer, 1)
    labels = tmp_path / "labels.csv"
    labels.write_text(f"label\n{large}\n-{large}\n\n3\n")
    relabel(tmp_path / "run.h5", labels, tmp_path / "new.h5")
    for resolution, metric in (("sample", "num_activations"), ("sample", "match_accuracy")):
        result = st.analyze(tmp_path / "new.h5", metrics=[metric], resolution=resolution)
        frame = result.to_pandas(metric)
        assert str(frame["label"].dtype) == "Int64"
        assert set(frame["label"].dropna()) <= {large, -large, 3}
    assert list(result[metric].column_names) == list(frame.columns)


def test_a_result_says_what_it_could_not_compute(tmp_path: Path) -> None:
    result = st.analyze(write(tmp_path / "run.h5", inputs=False))
    page = result._repr_html_()
    assert ">7 tables of 96 samples; figures are means over the MACs of a layer</caption>" in page
    assert "<p>not computed: match_accuracy: the trace has no inputs</p>" in page
