"""Of what was read, what metrics rely on without looking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import TraceError
from sparsey_trace.layout import PHASES

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.chunk import Chunk


def check_chunk(chunk: Chunk, path: Path) -> None:
    """See that a chunk holds no value that metrics take for impossible; `validate` looks at more.

    Raises:
        TraceError: it does; the message names the trace at `path`.
    """
    goes_on = chunk.step[1:] == chunk.step[:-1]
    turns = (chunk.phase[1:] != chunk.phase[:-1]) | (chunk.epoch[1:] != chunk.epoch[:-1])
    wrong: dict[str, Any] = {
        "phases of 0 (train) and 1 (eval)": (chunk.phase >= len(PHASES)).any(),
        "steps that never fall": (chunk.step[1:] < chunk.step[:-1]).any(),
        "one phase and one epoch in each step": (goes_on & turns).any(),
    }
    for layer, codes in zip(chunk.layout.layers, chunk.codes, strict=False):
        expected = f"winners from 0 to {layer.num_neurons - 1} in {layer.name}"
        wrong[expected] = codes.size > 0 and codes.max() >= layer.num_neurons
    for expected, is_wrong in wrong.items():
        if is_wrong:
            msg = (
                f"{path}: samples {chunk.start} to {chunk.start + len(chunk)}: expected {expected}, found "
                "others; `sparsey-trace validate` says where"
            )
            raise TraceError(msg)
