"""Where a trace comes from."""

from __future__ import annotations

import socket
from datetime import UTC, datetime

import h5py

from sparsey_trace.trace.format.trace_origin import TraceOrigin, program_version


def test_here_and_now() -> None:
    one, other = TraceOrigin.here(), TraceOrigin.here()
    assert len(one.id) == 32
    assert set(one.id) <= set("0123456789abcdef")
    assert one.id != other.id
    assert one.host == socket.gethostname()
    assert abs((datetime.now(UTC) - datetime.fromisoformat(one.created)).total_seconds()) < 60
    assert one.versions["h5py"] == h5py.__version__
    assert one.versions["sparsey-trace"] == program_version()
