from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib
import pytest
from matplotlib import pyplot

import sparsey_trace as st
from tests.charts.looks import run_of
from tests.charts.runs import write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sparsey_trace.charts.shared.run import Run


@pytest.fixture(autouse=True)
def no_window() -> Iterator[None]:
    matplotlib.use("Agg")
    yield
    pyplot.close("all")


@pytest.fixture(scope="session")
def result(tmp_path_factory: pytest.TempPathFactory) -> st.Result:
    """Of a run that isn't easy to draw; read only."""
    return st.analyze(write(tmp_path_factory.mktemp("charts") / "run.h5"))


@pytest.fixture(scope="session")
def run(result: st.Result) -> Iterator[Run]:
    """The run of `result`."""
    assert result.origin is not None
    with result.origin.opened() as trace:
        yield run_of(trace, result)
