"""Metrics as TensorBoard reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import sparsey_trace as st
from sparsey_trace.layout import PHASES

if TYPE_CHECKING:
    from pathlib import Path
from tests.exporting.forms import analysed


def scalars(folder: Path) -> dict[str, list[Any]]:
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    return {tag: events.Scalars(tag) for tag in events.Tags()["scalars"]}


def test_tensorboard_reads_the_layers_means(run: Path) -> None:
    folder, remarks = st.export(run, to="tensorboard")
    assert remarks == []
    found = {phase: scalars(folder / phase) for phase in PHASES}
    assert {*found["train"]} | {"match_accuracy/v1", "match_accuracy/v2"} == {*found["eval"]}
    with st.open_trace(run) as trace:
        times = dict(zip(trace.samples.step[::-1].tolist(), trace.samples.time[::-1].tolist(), strict=True))
    for name in ("basis_set_size", "match_accuracy", "feature_coverage", "sisc_adherence"):
        table = analysed(run, name)
        if (
            name == "sisc_adherence"
        ):  # before the end of the first training step there is nothing to compare with
            table = table[table["step"] > table["step"][table["phase"] == "train"].min()]
        for phase in PHASES:
            of_phase = table[table["phase"] == phase]
            for number, layer in enumerate(("v1", "v2")):
                means = of_phase[of_phase["layer"] == number].groupby("step")["value"].mean()
                points = found[phase].get(f"{name}/{layer}", [])
                assert [point.step for point in points] == means.index.tolist()
                assert [point.value for point in points] == pytest.approx(means.tolist(), rel=1e-6)
                assert [point.wall_time for point in points] == [times[point.step] for point in points]
