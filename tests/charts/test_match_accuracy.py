from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.charts.shared.curves import curves
from tests.charts.looks import panels, traces
from tests.charts.on_axes import check_curves

if TYPE_CHECKING:
    import sparsey_trace as st
    from sparsey_trace.charts.shared.run import Run


def test_its_curves_are_those_of_evaluation(result: st.Result, run: Run) -> None:
    check_curves(result, run, "match_accuracy", curves(run, "match_accuracy"), whole="eval")


def test_chance_is_the_summarys_and_drawn_by_both(result: st.Result, run: Run) -> None:
    rows = [row for row in result.summary_rows() if row.metric == "match_accuracy"]
    ax = result.plot.match_accuracy()
    for row, panel in zip(rows, panels("match_accuracy", run), strict=False):
        (line,) = traces(panel, "chance")
        assert list(line["y"]) == [row.chance, row.chance]
        assert f"by chance {row.chance:.4g}" in panel.label
        assert [row.chance] * 2 in [list(drawn.get_ydata()) for drawn in ax.get_lines()]
