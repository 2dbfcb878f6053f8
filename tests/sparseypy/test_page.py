"""What the pages for people of sparseypy show is what happens, and the tables are what their program makes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sparsey_trace import sparseypy
from sparsey_trace.metrics.reductions import REDUCTIONS
from sparsey_trace.sparseypy import MetricFactory
from tests.docs.scripts import script
from tests.sparseypy.standins.replay import final, spring, steps_of
from tests.sparseypy.watched import RUN

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "sparseypy.md").read_text()


@pytest.fixture
def same_factory() -> Iterator[None]:
    """Pages add to it."""
    before = set(MetricFactory.allowed_modules)
    yield
    MetricFactory.allowed_modules.intersection_update(before)


@pytest.mark.usefixtures("same_factory")
@pytest.mark.parametrize(
    ("page", "kind"), [("sparseypy", spring), ("from-spring", spring), ("from-final", final)]
)
def test_the_scripts_run(page: str, kind: Any) -> None:
    model = kind(RUN)
    loader = [(batch, None) for batch, training, _ in steps_of(RUN, model) if training][:3]
    names = {"model": model, "loader": loader, "results": {}}
    for program in re.findall(r"```python\n(.*?)```", (DOCS / f"{page}.md").read_text(), re.DOTALL):
        exec(compile(program, f"{page}.md", "exec"), names)
    if page == "sparseypy":
        assert [len(layer) for layer in names["size"]] == [12, 6, 2]
    else:
        own = names["on_cells" if kind is spring else "on_share"]
        batch = loader[0][0]
        model(batch)
        value = own.compute(model, batch, None)
        assert [len(layer) for layer in value] == ([12, 6, 2] if kind is spring else [1, 1, 1])
        assert len(names["results"]) == 3


def test_the_tables_are_what_their_program_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(DOCS)
    module = script("sparseypy_tables")
    assert module.page(PAGE) == PAGE
    assert module.page(PAGE.replace("| `num_activations` |", "|")) == PAGE


def test_every_name_is_on_the_page() -> None:
    public = [*sparseypy.__all__, *sparseypy.comparisons.__all__, *REDUCTIONS]
    public += [name for name in vars(sparseypy.MetricFactory) if not name.startswith("_")]
    assert [name for name in public if name not in PAGE] == []
