"""What a recorder has done, in numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Stats:
    """What a recorder has done so far.

    `passes` is the sum of `steps`, `left_out`, `refused`, `drops`, `lost` and those that left nothing: they raised,
    held no samples, or are still under way.

    Attributes:
        passes: forward passes of the model that were begun, but for those while it was paused.
        steps: forward passes recorded; where recording has stopped, those that are in the file.
        samples: samples in these.
        committed: samples that are safe whatever happens to the process.
        unrecorded: forward passes begun but not recorded, for whatever reason.
        left_out: forward passes that sampling left out.
        refused: steps that couldn't be recorded, and were left out.
        drops: steps that were dropped because the queue was full.
        lost: forward passes that are not in the file because it couldn't be written any more.
        bytes: handed to the writer thread, before compression.
        queue_high_water: the most bytes that ever waited for the disk.
        waits: how often a pass waited because the queue was full.
        seconds_waited: for how long, in all.
        seconds: spent by recording on the training thread, waits included.
        error: what has stopped the recording, in one line; None where nothing has.
    """

    passes: int
    steps: int
    samples: int
    committed: int
    unrecorded: int
    left_out: int
    refused: int
    drops: int
    lost: int
    bytes: int
    queue_high_water: int
    waits: int
    seconds_waited: float
    seconds: float
    error: str | None = None
