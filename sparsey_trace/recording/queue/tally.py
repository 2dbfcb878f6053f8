"""How many passes there were, and what became of those that no step came of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Tally:
    """Counts of forward passes; the thread that trains adds to them, and the writer thread puts them into the trace.

    Attributes:
        passes: how many were begun, but for those while the recorder was paused.
        left_out: how many sampling left out.
        lost: how many there were since nothing could be written any more.
        next_step: the number of the next pass.
    """

    passes: int = 0
    left_out: int = 0
    lost: int = 0
    next_step: int = 0
