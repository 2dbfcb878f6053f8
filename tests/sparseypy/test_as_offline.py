"""Online is offline: a run is recorded while metrics watch it, and replays to the same values, step by step."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

import sparsey_trace as st
from sparsey_trace.demo import DIGITS, Sparsey, load_digits
from sparsey_trace.demo.schedule import Schedule
from sparsey_trace.metrics import make_metric
from sparsey_trace.metrics.reductions import REDUCTIONS
from sparsey_trace.metrics.registry import BUILT_IN
from sparsey_trace.sparseypy import MetricFactory
from tests.golden_runs import load_golden
from tests.sparseypy.standins.replay import final, spring, steps_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pandas as pd
    from torch import Tensor, nn

    from tests.sparseypy.standins.build import StandIn

    Steps = Iterator[tuple[Tensor, bool, int]]

BY_STEP = [cls.name for cls in BUILT_IN if cls.name != "basis_average"]

METRICS: list[tuple[str, dict[str, Any], str | None]] = [
    *((name, {}, None) for name in BY_STEP),
    ("match_accuracy", {"distance": "jaccard", "similarity": "jaccard", "repeated": "first"}, None),
    ("match_accuracy", {"reference_size": 20, "seed": 4}, None),
    ("match_accuracy", {"reference_size": 5, "repeated": "first"}, None),
    ("sisc_adherence", {"reference_size": 20, "seed": 4}, None),
    *(
        (name, {}, reduction)
        for name in ("num_activations", "match_accuracy")
        for reduction in REDUCTIONS
        if reduction != "sparse"
    ),
]


def of_demo() -> tuple[nn.Module, Steps]:
    schedule = Schedule(1797, samples=60, epochs=2, batch_size=7, seed=3)
    images = torch.from_numpy(load_digits().inputs).float()
    return Sparsey(DIGITS, seed=3), ((images[step.samples], step.training, step.epoch) for step in schedule)


def of_golden(name: str, kind: Callable[..., StandIn]) -> tuple[nn.Module, Steps]:
    run, _ = load_golden(name)
    model = kind(run)
    return model, steps_of(run, model)


RUNS: dict[str, Callable[[], tuple[nn.Module, Steps]]] = {
    "demo": of_demo,
    "spring-2024": lambda: of_golden("spring_digits_silent", spring),
    "final": lambda: of_golden("final_mnist_rect", final),
}


class Watched:
    """A run that was recorded while all metrics watched it."""

    def __init__(self, name: str, path: Path) -> None:
        model, steps = RUNS[name]()
        self.path = path
        self.online = [
            MetricFactory.create_metric(metric, model=model, reduction=reduction, **as_original(parameters))
            for metric, parameters, reduction in METRICS
        ]
        self.values: list[list[Any]] = [[] for _ in self.online]
        self.averages = {
            reduction: MetricFactory.create_metric("basis_average", model=model, reduction=reduction)
            for reduction in (None, "sparse")
        }
        self.average_by_epoch: dict[Any, dict[int, Any]] = {reduction: {} for reduction in self.averages}
        with st.record(model, path) as recorder:
            for batch, training, epoch in steps:
                recorder.epoch = epoch
                output = model.train(training)(batch)
                for metric, values in zip(self.online, self.values, strict=True):
                    values.append(metric.compute(model, batch, output, training))
                for reduction, metric in self.averages.items():
                    self.average_by_epoch[reduction][epoch] = metric.compute(model, batch, output, training)

    @cached_property
    def tables(self) -> list[pd.DataFrame]:
        """Of each metric its table, from as few analyses as can be: in each, a name only once."""
        found: dict[int, pd.DataFrame] = {}
        while waiting := [index for index in range(len(METRICS)) if index not in found]:
            reduction = METRICS[waiting[0]][2]
            chosen = {
                METRICS[index][0]: index for index in reversed(waiting) if METRICS[index][2] == reduction
            }
            metrics = [make_metric(*METRICS[index][:2]) for index in chosen.values()]
            result = st.analyze(self.path, metrics=metrics, reduction=reduction)
            found |= {index: result.to_pandas(name) for name, index in chosen.items()}
        return [found[index] for index in range(len(METRICS))]


def as_original(parameters: dict[str, Any]) -> dict[str, Any]:
    return {"approximation_batch_size" if k == "reference_size" else k: v for k, v in parameters.items()}


@pytest.fixture(scope="module", params=list(RUNS))
def watched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    return Watched(request.param, tmp_path_factory.mktemp("online") / "run.h5")


@pytest.mark.parametrize(("index", "how"), list(enumerate(METRICS)))
def test_every_step_has_the_values_of_the_replay(
    watched: Watched, index: int, how: tuple[str, dict[str, Any], str | None]
) -> None:
    metric, _, reduction = how
    steps = watched.tables[index].groupby("step")
    online = dict(enumerate(watched.values[index]))
    without = {step: online.pop(step) for step in online.keys() - steps.groups.keys()}
    assert online == {step: nested(rows, reduction) for step, rows in steps}
    assert all(not value or not any(value) for value in without.values())
    assert not without or metric == "match_accuracy"


def nested(rows: pd.DataFrame, reduction: str | None) -> Any:
    """A step's rows of a table in the lists that are documented."""
    if "layer" not in rows:
        return rows["value"].item()
    if reduction is None:
        return [of_layer["value"].tolist() for _, of_layer in rows.groupby("layer")]
    return rows["value"].tolist()


@pytest.mark.parametrize("reduction", [None, "sparse"])
def test_basis_averages_are_those_of_the_replay_at_the_end_of_each_epoch(
    watched: Watched, reduction: str | None
) -> None:
    result = st.analyze(watched.path, metrics=["basis_average"], resolution="epoch", reduction=reduction)
    table = result.to_pandas("basis_average")
    for epoch, rows in table.groupby("epoch"):
        online = watched.average_by_epoch[reduction][epoch]
        offline = [of_layer["average"].tolist() for _, of_layer in rows.groupby("layer")]
        for macs, pictures in zip(online, offline, strict=True):
            assert all(map(np.array_equal, [mac.flatten().numpy() for mac in macs], pictures))
            assert len(macs) == len(pictures)


def test_the_layouts_are_the_original_s(watched: Watched) -> None:
    with st.open_trace(watched.path) as trace:
        assert trace.layout.layers == watched.online[0]._steps.layout.layers
