"""`python -m tests.fuzz.originals`: makes the small traces anew that the fuzzer changes, where the format is new."""

from __future__ import annotations

import shutil
from pathlib import Path

from sparsey_trace.trace.format import schema
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, feed

HERE = Path(__file__).parent
_STEPS = 63


def main() -> None:
    """One that was closed, with steps that are missing, and one that a writer left with samples in its tail."""
    schema._CHUNK_BYTES = 2048
    with TraceWriter(HERE / "closed.h5", LAYOUT, config={"lr": 1}, overwrite=True) as writer:
        feed(writer, 0, range(_STEPS))
        writer.note_drops([100, 101], ["too slow a disk"] * 2)
    with TraceWriter(HERE / "left.alive.h5", LAYOUT, config={"lr": 1}) as writer:
        feed(writer, 0, range(_STEPS))
        writer.commit()
        shutil.copyfile(writer.path, HERE / "left.h5")
    writer.path.unlink()


if __name__ == "__main__":
    main()
