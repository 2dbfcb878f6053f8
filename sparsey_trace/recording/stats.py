"""What a recorder has done, in numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Stats:
    """What a recorder has done so far.

    Attributes:
        steps: forward passes recorded.
        samples: samples in these.
        committed: samples that are safe whatever happens to the process.
        unrecorded: forward passes begun but not recorded, for whatever reason: the two below, or they raised, or
            held no samples.
        left_out: forward passes that sampling left out.
        drops: steps that were dropped because the queue was full.
        bytes: handed to the writer thread, before compression.
        queue_high_water: the most bytes that ever waited for the disk.
        waits: how often a pass waited because the queue was full.
        seconds_waited: for how long, in all.
        seconds: spent by recording on the training thread, waits included.
    """

    steps: int
    samples: int
    committed: int
    unrecorded: int
    left_out: int
    drops: int
    bytes: int
    queue_high_water: int
    waits: int
    seconds_waited: float
    seconds: float
