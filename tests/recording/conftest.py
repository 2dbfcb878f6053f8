from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.one_thread import one_thread

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["one_thread", "path"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test records."""
    return tmp_path / "run.h5"
