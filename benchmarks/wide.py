"""Wide inputs, many MACs, CMs of many neurons: what all metrics of such a run take, beside what was promised."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks.measure import in_process
from benchmarks.tables import Table, number
from sparsey_trace import LayerLayout, Layout, TraceWriter

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.cases import Case

_BATCH, _SOURCES, _CMS = 32, 137, 4


class Shape(NamedTuple):
    """Of a run of one layer.

    Attributes:
        features: D.
        macs: M, of 4 CMs each, over 137 features.
        neurons: K.
        inputs: as `TraceWriter` takes them.
    """

    features: int = 784
    macs: int = 364
    neurons: int = 4
    inputs: str = "binary"


BASE = Shape()
SHAPES = [
    BASE,
    *(BASE._replace(features=count) for count in (50_176, 150_528, 1_000_000)),
    BASE._replace(features=50_176, inputs="float32"),
    BASE._replace(macs=10_000),
    BASE._replace(neurons=65_535),
]
QUICK = [BASE, BASE._replace(features=150_528), BASE._replace(macs=2000), BASE._replace(neurons=65_535)]
TINY = [BASE, BASE._replace(neurons=300)]


def table(case: Case) -> Table:
    """CPU time and peak memory of one analysis with all metrics, by shape."""
    samples = case.choose(full=640, quick=320, tiny=64)
    rows = []
    for shape in case.choose(full=SHAPES, quick=QUICK, tiny=TINY):
        path = case.folder / f"wide-{'-'.join(map(str, shape))}-{samples}.h5"
        if not path.exists():
            _write(path, shape, samples)
        found = in_process("benchmarks.work:all_metrics", path=path)
        promised = found.result["promised"] / 2**20
        what = [f"{shape.features:,}", f"{shape.macs:,}", f"{shape.neurons:,}", shape.inputs]
        rows.append([*what, *map(number, (found.result["cpu"], found.mib, promised))])
        path.unlink()
    headers = ["features", "MACs", "K", "inputs", "CPU, s", "peak memory, MiB", "promised, MiB"]
    notes = [
        f"{samples} samples, Q = {_CMS}, {_SOURCES} sources a MAC; all metrics in one analysis, in a process of its "
        "own, its start included. Promised is what `explain` says, what is kept of training included, beside codes."
    ]
    return Table("How cost grows: wide layouts", headers, rows, notes)


def _write(path: Path, shape: Shape, samples: int) -> None:
    rng = np.random.default_rng(0)
    wiring = [np.unique(rng.integers(0, shape.features, _SOURCES)) for _ in range(shape.macs)]
    layer = LayerLayout(
        name="wide", num_macs=shape.macs, num_cms=_CMS, num_neurons=shape.neurons, connections=wiring
    )
    layout = Layout(num_features=shape.features, layers=[layer])
    with TraceWriter(path, layout, inputs=shape.inputs) as writer:
        for step in range(samples // _BATCH):
            given = rng.random((_BATCH, shape.features), np.float32)
            on = given < 0.1
            writer.append(
                inputs=on.astype(np.uint8) if shape.inputs == "binary" else np.where(on, given, 0),
                codes=[rng.integers(0, shape.neurons, (_BATCH, shape.macs, _CMS))],
                active=[rng.random((_BATCH, shape.macs)) < 0.5],
                phase="eval" if step % 5 == 4 else "train",
                epoch=step // 10,
            )
