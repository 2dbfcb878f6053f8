from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.one_thread import one_thread
from tests.recording.fork_server import ForkServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["fork_server", "one_thread", "path"]


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    """Starts interpreters that have torch already."""
    server = ForkServer()
    yield server
    server.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test records."""
    return tmp_path / "run.h5"
