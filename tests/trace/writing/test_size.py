"""Committing after every sample makes a trace no larger than committing once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, feed

if TYPE_CHECKING:
    from pathlib import Path


def layout(num_macs: int, num_cms: int, num_neurons: int, num_features: int) -> Layout:
    part = LayerLayout(
        name="v1",
        num_macs=num_macs,
        num_cms=num_cms,
        num_neurons=num_neurons,
        connections=[[mac % num_features] for mac in range(num_macs)],
    )
    return Layout(num_features=num_features, layers=[part])


LAYOUTS = {
    "as small as can be": layout(1, 1, 2, 1),
    "two layers": LAYOUT,
    "many MACs": layout(150, 8, 16, 784),
    "wide winners": layout(20, 6, 1000, 100),
}


# None, one, less than a chunk, and more than a chunk of 64 samples.
@pytest.mark.parametrize("steps", [0, 1, 50, 150])
@pytest.mark.parametrize("model", LAYOUTS.values(), ids=LAYOUTS)
def test_many_commits_cost_no_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: Layout, steps: int
) -> None:
    monkeypatch.setattr(schema, "_CHUNK_BYTES", 1)
    sizes = []
    for commit_every in (steps + 2, 1):
        path = tmp_path / f"{commit_every}.h5"
        with TraceWriter(path, model) as writer:
            for number in range(steps):
                feed(writer, 0, range(number, number + 1), most=1)
                if number % commit_every == commit_every - 1:
                    writer.commit()
        sizes.append(path.stat().st_size)
    once, often = sizes
    assert often <= 1.1 * once
