"""Two runs to compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.replay.runs import write_run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    return [write_run(tmp_path / f"{seed}.h5", seed=seed) for seed in (1, 2)]
