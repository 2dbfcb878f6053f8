"""Traces to make reports of, and reading what is in a report."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.trace.writing.writer import TraceWriter

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "<script>alert(1)</script> %{x} <b>b</b>"
"""A name that a page, or Plotly, might take for more than a name."""

SECTIONS = (
    "findings",
    "growth",
    "activity",
    "usage",
    "coverage",
    "match",
    "similarity",
    "labels",
    "averages",
    "summary",
    "run",
)


def square(side: int) -> list[list[float]]:
    """Positions on a square grid."""
    return [[x, y] for y in range(side) for x in range(side)]


def write_run(
    path: Path,
    *,
    seed: int = 0,
    steps: int = 12,
    names: tuple[str, ...] = ("v1", "v2"),
    shape: tuple[int, ...] = (4, 4),
    positions: bool = True,
    real: bool = False,
    inputs: bool = True,
    evaluation: bool = True,
    close: bool = True,
    **options: Any,
) -> Path:
    """Write a trace of layers of 9 and 4 MACs, with steps of four samples, every fourth of evaluation; MAC 0 is silent.

    Args:
        path: where.
        seed: of everything that is in it.
        steps: how many.
        names: of the layers; with a single one there is no upper layer.
        shape: of an input; 16 features.
        positions: whether MACs have them; of the upper layer on a hexagonal grid.
        real: whether inputs are real numbers.
        inputs: whether it has inputs.
        evaluation: whether there are evaluation steps.
        close: whether it is closed at the end.
        options: of the writer.
    """
    rng = np.random.default_rng(seed)
    wiring = [rng.permutation(16)[:6] for _ in range(9)], [rng.permutation(9)[:4] for _ in range(4)]
    places = (square(3), [[0, 0], [1, 0], [0.5, 0.87], [1.5, 0.87]]) if positions else (None, None)
    layers = [
        LayerLayout(name=name, num_macs=macs, num_cms=2, num_neurons=3, connections=conn, positions=xy)
        for name, macs, conn, xy in zip(names, (9, 4), wiring, places, strict=False)
    ]
    kind = "none" if not inputs else "float32" if real else "auto"
    writer = TraceWriter(
        path, Layout(num_features=16, input_shape=shape, layers=layers), inputs=kind, **options
    )
    for step in range(steps):
        active = [rng.random((4, layer.num_macs)) < 0.8 for layer in layers]
        active[0][:, 0] = False
        writer.append(
            inputs=None if not inputs else rng.random((4, 16)) if real else rng.integers(2, size=(4, 16)),
            codes=[rng.integers(3, size=(4, layer.num_macs, 2)) for layer in layers],
            active=active,
            phase="eval" if evaluation and step % 4 == 3 else "train",
            epoch=step // 4,
            labels=rng.integers(3, size=4),
        )
    writer.commit()
    if close:
        writer.close()
    return path


def read(path: Path) -> str:
    """A report without Plotly itself."""
    return re.sub(
        r"<script>/\*\*?\s*\n?\* plotly.js.*?</script>", "", path.read_text("utf-8"), flags=re.DOTALL
    )


def data_of(path: Path) -> dict[str, Any]:
    """What its charts are made from."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', path.read_text("utf-8"))
    assert found is not None
    made: dict[str, Any] = json.loads(found[1])
    return made


def words_of(path: Path) -> str:
    """What a person reads in it before charts are drawn, in one line."""
    body = re.sub(r"<(script|style).*?</\1>", "", path.read_text("utf-8"), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())
