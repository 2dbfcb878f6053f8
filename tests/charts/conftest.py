from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib
import pytest
from matplotlib import pyplot

import sparsey_trace as st
from tests.charts.runs import write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def no_window() -> Iterator[None]:
    matplotlib.use("Agg")
    yield
    pyplot.close("all")


@pytest.fixture
def result(tmp_path: Path) -> st.Result:
    return st.analyze(write(tmp_path / "run.h5"))
