"""Blocks that Ctrl-C does not break into."""

from __future__ import annotations

import os
import signal

import pytest

from sparsey_trace.support.interrupts import uninterrupted


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_waits_for_the_end_of_the_block() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        interrupt()
        done.append("the rest of the block")
    assert done
    with pytest.raises(KeyboardInterrupt):
        interrupt()
