"""A run that any process can make again from a seed: what was sent, to hold what was read against.

`start_writer` starts the writer that others kill, follow and measure. It prints how many samples are safe after every
commit, and ends with close(), or as it was told.
"""

from __future__ import annotations

import os
import shutil
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.layout import MARKS, NO_LABEL, PHASES, LayerLayout, Layout
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.writer import TraceWriter

if TYPE_CHECKING:
    from sparsey_trace.chunk import Chunk
    from sparsey_trace.trace.reading.trace import Trace
    from tests.fork_server import Child

ROOT = Path(__file__).parents[2]

# More MACs than a chunk holds, winners of 8 and 16 bits, features that don't fill their last byte.
LAYOUT = Layout(
    num_features=13,
    layers=[
        LayerLayout(
            name="low", num_macs=20, num_cms=3, num_neurons=5, connections=[[i % 13] for i in range(20)]
        ),
        LayerLayout(name="top", num_macs=3, num_cms=2, num_neurons=300, connections=[[0, 1], [2], [3]]),
    ],
)


VALUE_NAMES = (("familiarity",), ())
"""Further values that MACs of the first layer have."""


def step(seed: int, number: int, *, layout: Layout = LAYOUT, most: int = 8) -> dict[str, Any]:
    """Arguments of `TraceWriter.append` for one step of 1 to `most` samples."""
    rng = np.random.default_rng((seed, number))
    size = int(rng.integers(1, most + 1))
    return {
        "inputs": rng.random((size, layout.num_features)) < 0.5,
        "codes": [
            rng.integers(layer.num_neurons, size=(size, layer.num_macs, layer.num_cms))
            for layer in layout.layers
        ],
        "active": [rng.random((size, layer.num_macs)) < 0.7 for layer in layout.layers],
        "phase": PHASES[number % 2],
        "epoch": number // 7,
        **{name: rng.choice([NO_LABEL, 0, 9], size) for name in MARKS},
        "time": 1e9 + number,
        "values": {"familiarity": [_familiarity(rng, size, layout), *[None] * (len(layout.layers) - 1)]},
    }


def _familiarity(rng: np.random.Generator, size: int, layout: Layout) -> np.ndarray:
    """[B, M] float32 of the first layer, some of them unknown."""
    found = rng.random((size, layout.layers[0].num_macs), np.float32)
    return np.where(found < 0.1, np.float32(np.nan), found)


def feed(writer: TraceWriter, seed: int, steps: range, *, most: int = 8) -> None:
    """Append these steps."""
    for number in steps:
        writer.append(**step(seed, number, layout=writer.layout, most=most))


def write_closed(path: Path, *, steps: int) -> Path:
    """Write the first steps of seed 0 and close the trace."""
    with TraceWriter(path, LAYOUT, config={"lr": 1}) as writer:
        feed(writer, 0, range(steps))
    return path


def write_left(path: Path, *, steps: int) -> Path:
    """Write the first steps of seed 0, a commit each, and leave the trace as a writer that was killed leaves it."""
    with TraceWriter(path.with_name(f"{path.stem}.alive.h5"), LAYOUT) as writer:
        for number in range(steps):
            feed(writer, 0, range(number, number + 1))
            writer.commit()
        shutil.copyfile(writer.path, path)
    writer.path.unlink()
    return path


def sent(seed: int, steps: int, *, layout: Layout = LAYOUT, most: int = 8) -> dict[str, np.ndarray]:
    """Every column of the run's first steps, as a trace has to show it."""
    return (
        dict(_sent_before(seed, steps)) if (layout, most) == (LAYOUT, 8) else _sent(seed, steps, layout, most)
    )


@cache
def _sent_before(seed: int, steps: int) -> dict[str, np.ndarray]:
    """What many tests ask for again and again; its arrays can't be written to."""
    found = _sent(seed, steps, LAYOUT, 8)
    for values in found.values():
        values.setflags(write=False)
    return found


def _sent(seed: int, steps: int, layout: Layout, most: int) -> dict[str, np.ndarray]:
    made = [step(seed, number, layout=layout, most=most) for number in range(steps)]
    sizes = [len(part["labels"]) for part in made]
    columns = {
        "step": np.repeat(np.arange(steps), sizes),
        "epoch": np.repeat([part["epoch"] for part in made], sizes),
        "phase": np.repeat([PHASES.index(part["phase"]) for part in made], sizes),
        "time": np.repeat([part["time"] for part in made], sizes),
        **{column: np.concatenate([part[name] for part in made]) for name, column in MARKS.items()},
        "inputs": np.concatenate([part["inputs"] for part in made]).astype(np.uint8),
    }
    for index in range(len(layout.layers)):
        active = np.concatenate([part["active"][index] for part in made])
        codes = np.concatenate([part["codes"][index] for part in made])
        columns[f"active {index}"] = active
        columns[f"codes {index}"] = np.where(active[..., None], codes, 0)
    columns["familiarity 0"] = np.concatenate([part["values"]["familiarity"][0] for part in made])
    return columns


def read(trace: Trace, start: int, stop: int) -> dict[str, np.ndarray]:
    """The same columns as `sent` makes, from a trace."""
    chunk: Chunk = trace.chunk(start, stop)
    columns = {name: getattr(chunk, name) for name in ("step", "epoch", "phase", *MARKS.values(), "inputs")}
    columns["time"] = trace.samples.time[start:stop]
    for index, (active, codes) in enumerate(zip(chunk.active, chunk.codes, strict=True)):
        columns[f"active {index}"], columns[f"codes {index}"] = active, codes
    columns |= {f"{name} {index}": v for index, of in enumerate(chunk.values) for name, v in of.items()}
    return columns


def check(trace: Trace, expected: dict[str, np.ndarray], *, start: int = 0, stop: int | None = None) -> None:
    """See that a trace, or a part of it, holds what was sent, and ends with a whole step."""
    stop = len(trace) if stop is None else stop
    assert len(trace) in {0, *ends(expected)}, "a step was cut"
    for name, found in read(trace, start, stop).items():
        np.testing.assert_array_equal(found, expected[name][start:stop], err_msg=name)


def ends(expected: dict[str, np.ndarray]) -> list[int]:
    """How many samples there are after each step."""
    return [*(np.flatnonzero(np.diff(expected["step"])) + 1), len(expected["step"])]


def check_file(path: Path, expected: dict[str, np.ndarray], *, at_least: int = 0) -> int:
    """Open and check a trace that may not be closed; how many samples it holds."""
    with open_trace(path) as trace:
        assert len(trace) >= at_least, "a promised sample is missing"
        check(trace, expected)
        return len(trace)


def start_writer(
    path: Path, *, seed: int, steps: int, commit_every: int, chunk_bytes: int, end: str = "close"
) -> Child:
    """Start `main` in an interpreter of its own."""
    from tests.fork_server import shared_server

    arguments = [path, seed, steps, commit_every, chunk_bytes, end]
    return shared_server().start("from tests.trace.feed import main\nmain()", *arguments)


def main() -> None:
    """Write the run that the command line asks for, commit as asked, and say what is safe."""
    path, *numbers, end = sys.argv[1:]
    seed, steps, commit_every, schema._CHUNK_BYTES = map(int, numbers)
    with TraceWriter(path, LAYOUT) as writer:
        for number in range(steps):
            writer.append(**step(seed, number))
            if number % commit_every == commit_every - 1:
                writer.commit()
                print(writer.num_committed, flush=True)
        if end == "exit":
            os._exit(3)
        if end == "raise":
            msg = "training failed"
            raise ValueError(msg)
        if end == "forget":
            writer.close = lambda: None
