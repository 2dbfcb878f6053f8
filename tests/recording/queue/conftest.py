from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.recording.queue.far_device import far_away

if TYPE_CHECKING:
    from tests.recording.queue.far_device import FarDevice


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> FarDevice:
    """Where every tensor is, as far as recording knows."""
    return far_away(monkeypatch)
