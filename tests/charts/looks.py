"""Runs that charts are made of, recorded anew for each example, and what charts draw of them."""

from __future__ import annotations

import base64
import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import sparsey_trace as st
from sparsey_trace.charts.catalogue import CHARTS
from sparsey_trace.charts.shared.run import Run
from sparsey_trace.charts.shared.views import View, Views
from sparsey_trace.replay.analyze import by_sample
from sparsey_trace.testing import runs, write_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sparsey_trace import Chunk, Result, Trace
    from sparsey_trace.charts.panels.panel import Panel

ANY_RUNS = runs().filter(len)
RUNS = runs(real_inputs=False).filter(len)

CURVES = ("basis_set_size", "basis_set_size_increase", "feature_coverage", "match_accuracy", "sisc_adherence")


@contextlib.contextmanager
def looked_at(chunk: Chunk, *metrics: str) -> Iterator[Run]:
    """A run with the tables of these metrics, as far as they can be computed, and of num_activations."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.h5"
        write_run(path, chunk)
        with st.open_trace(path) as trace:
            yield run_of(trace, st.analyze(trace, metrics=["num_activations", *metrics]))


def run_of(trace: Trace, result: Result) -> Run:
    return Run(name="run", trace=trace, tables=result, by_sample=by_sample)


def panels(name: str, *runs: Run) -> list[Panel]:
    """What plotly draws of a chart."""
    views = [
        View(series=series, run=run, layers={n: layer.name for n, layer in enumerate(run.layout.layers)})
        for series, run in enumerate(runs)
    ]
    return [panel for group in CHARTS[name].in_report(Views(views)).groups for panel in group.panels]


def traces(panel: Panel, role: str) -> list[dict[str, Any]]:
    """The parts of a panel's figure that play a role, with arrays as arrays."""
    found = [part for part in panel.figure["data"] if part["meta"]["role"] == role]
    return [_plain(part) for part in found]


def _plain(found: Any) -> Any:
    """Plotly packs arrays as bytes in base64."""
    if isinstance(found, dict) and "bdata" in found:
        values = np.frombuffer(base64.b64decode(found["bdata"]), np.dtype(found["dtype"]))
        shape = found.get("shape")
        return values.reshape([int(side) for side in shape.split(",")]) if shape else values
    return {key: _plain(value) for key, value in found.items()} if isinstance(found, dict) else found
