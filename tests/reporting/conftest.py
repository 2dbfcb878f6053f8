from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import sparsey_trace as st
from tests.reporting.browser import chromium
from tests.reporting.runs import HOSTILE, write_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

CONFIG = {"lr": 0.5, "layers": [{"rows": 2}]}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A trace of one's own, that no report was made of."""
    return write_run(tmp_path / "run.h5", config=CONFIG)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a trace like `run`; read only."""
    return st.report(write_run(tmp_path_factory.mktemp("made") / "run.h5", config=CONFIG))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run with names that a page might take for more; read only."""
    run = tmp_path_factory.mktemp("hostile") / "run.h5"
    return st.report(write_run(run, names=(HOSTILE, "v2"), config={"name": HOSTILE}))


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run of a single layer, which is drawn in half the time, with such names; read only."""
    run = tmp_path_factory.mktemp("plain") / "run.h5"
    return st.report(write_run(run, names=(HOSTILE,), config={"name": HOSTILE}))


@pytest.fixture(scope="session")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of three runs with such names; read only."""
    folder = tmp_path_factory.mktemp("comparison")
    names = (f"{HOSTILE.replace('/', '')}{seed}.h5" for seed in range(3))
    return st.report([write_run(folder / name, seed=seed) for seed, name in enumerate(names)])
