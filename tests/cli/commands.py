"""Running `sparsey-trace` as a user does, and traces to run it on."""

from __future__ import annotations

import contextlib
import subprocess
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.trace.writing.writer import TraceWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COMMAND = Path(sysconfig.get_path("scripts")) / "sparsey-trace"

LAYOUT = Layout(
    num_features=12,
    input_shape=(3, 4),
    layers=[
        LayerLayout(name="v1", num_macs=3, num_cms=2, num_neurons=5, connections=[[0, 1, 2], [3, 4], [11]]),
        LayerLayout(
            name="v2",
            num_macs=2,
            num_cms=3,
            num_neurons=4,
            connections=[[0, 1], [2]],
            positions=[[0, 0], [1, 0]],
        ),
    ],
)


def sparsey_trace(*arguments: Any, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the installed command in a process of its own."""
    call = [COMMAND, *map(str, arguments)]
    return subprocess.run(call, capture_output=True, text=True, check=False, **options)


def write_steps(writer: TraceWriter, steps: int, *, inputs: bool = True, first: int = 0) -> None:
    """Append steps of four samples: three of training, then one of evaluation, and so on."""
    for step in range(first, first + steps):
        rng = np.random.default_rng(step)
        writer.append(
            inputs=rng.integers(2, size=(4, 12)) if inputs else None,
            codes=[
                rng.integers(layer.num_neurons, size=(4, layer.num_macs, layer.num_cms))
                for layer in LAYOUT.layers
            ],
            active=[rng.random((4, layer.num_macs)) < 0.8 for layer in LAYOUT.layers],
            phase="eval" if step % 4 == 3 else "train",
            epoch=step // 4,
            labels=rng.integers(10, size=4),
        )


@contextlib.contextmanager
def being_written(path: Path, *, committed: int) -> Iterator[Path]:
    """A trace whose writer lives: some committed steps, and one that isn't."""
    with TraceWriter(path, LAYOUT) as writer:
        write_steps(writer, committed)
        writer.commit()
        write_steps(writer, 1, first=committed)
        yield path


def write_trace(
    path: Path, *, steps: int = 8, inputs: bool = True, config: Mapping[str, Any] | None = None
) -> Path:
    """Write a small trace and close it."""
    with TraceWriter(path, LAYOUT, inputs="auto" if inputs else "none", config=config) as writer:
        write_steps(writer, steps, inputs=inputs)
    return path
