"""What a result shows of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sparsey_trace as st
from tests.charts.runs import write

if TYPE_CHECKING:
    from pathlib import Path


def test_a_result_says_what_it_could_not_compute(tmp_path: Path) -> None:
    result = st.analyze(write(tmp_path / "run.h5", inputs=False))
    page = result._repr_html_()
    assert ">3 tables of 96 samples; last and best are means over MACs</caption>" in page
    assert "<p>not computed: match_accuracy: the trace has no inputs</p>" in page
