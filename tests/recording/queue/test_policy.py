"""What a recorder may be asked to do where the disk is slow or fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sparsey_trace.errors import UsageError
from sparsey_trace.recording import record
from tests.recording.models import OriginalModel

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"on_full": "wait"}, "on_full: expected one of block, drop, error, found 'wait'"),
        ({"on_error": "ignore"}, "on_error: expected one of warn, raise, found 'ignore'"),
        ({"queue_bytes": 0}, "queue_bytes: expected a whole number of 1 or more, found 0"),
        ({"queue_bytes": 1e6}, "queue_bytes: expected a whole number of 1 or more, found 1000000.0"),
        ({"commit_samples": -1}, "commit_samples: expected a whole number of 1 or more, found -1"),
        ({"commit_every": -1}, "commit_every: expected seconds, 0 or more, found -1"),
        ({"commit_every": float("nan")}, "commit_every: expected seconds, 0 or more, found nan"),
        ({"commit_every": float("inf")}, "commit_every: expected seconds, 0 or more, found inf"),
        ({"commit_every": "5 s"}, "commit_every: expected seconds, 0 or more, found '5 s'"),
    ],
)
def test_settings_that_could_not_be(path: Path, argument: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        record(OriginalModel(), path, **argument)
    assert str(caught.value) == message
