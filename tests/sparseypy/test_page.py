"""What docs/sparseypy.md shows is what happens, and it names everything."""

from __future__ import annotations

import re
from pathlib import Path

from sparsey_trace import sparseypy
from sparsey_trace.metrics.reductions import REDUCTIONS
from tests.golden_runs import load_golden
from tests.sparseypy.standins.replay import spring, steps_of

PAGE = (Path(__file__).parents[2] / "docs" / "sparseypy.md").read_text()


def test_the_script_runs() -> None:
    run, _ = load_golden("spring_digits_silent")
    model = spring(run)
    (script,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    loader = [(batch, None) for batch, training, _ in steps_of(run, model) if training][:3]
    names = {"model": model, "loader": loader}
    exec(compile(script, "sparseypy.md", "exec"), names)
    assert [len(layer) for layer in names["shares"]] == [12, 6, 2]
    assert len(names["mean_sizes"]) == 3


def test_every_name_is_on_the_page() -> None:
    public = [*sparseypy.__all__, *sparseypy.comparisons.__all__, *REDUCTIONS]
    public += [name for name in vars(sparseypy.MetricFactory) if not name.startswith("_")]
    assert [name for name in public if name not in PAGE] == []
