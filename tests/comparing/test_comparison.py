"""A comparison shows itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sparsey_trace as st

if TYPE_CHECKING:
    from pathlib import Path


def test_it_shows_itself(runs: list[Path]) -> None:
    comparison = st.compare(runs, metrics=["basis_set_size"])
    assert repr(comparison) == f"<Comparison: {runs[0]}, {runs[1]}>"
    page = comparison._repr_html_()
    assert page.count("<tr>") == 1 + 2 * 2
    assert "<th>1</th><th>2</th><th>change</th>" in page
    assert "<p>codes: basis_set_size</p>" in page
    assert f"<p>1: {runs[0]}</p><p>2: {runs[1]}</p>" in page
