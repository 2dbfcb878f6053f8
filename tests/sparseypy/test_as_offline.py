"""Online is offline: a run is recorded while metrics watch it, and replays to the same values, step by step."""

from __future__ import annotations

from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

import sparsey_trace as st
from sparsey_trace.demo import DIGITS, Sparsey, load_digits
from sparsey_trace.demo.schedule import Schedule
from sparsey_trace.metrics.registry import BUILT_IN
from sparsey_trace.sparseypy import MetricFactory
from tests.golden_runs import load_golden
from tests.sparseypy.standins.replay import final, spring, steps_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from tests.sparseypy.standins.build import StandIn

    Steps = Iterator[tuple[Tensor, bool, int]]

BY_STEP = [cls.name for cls in BUILT_IN if cls.name in MetricFactory.allowed_metrics - {"basis_average"}]

METRICS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in BY_STEP),
    ("match_accuracy", {"distance": "jaccard", "similarity": "jaccard", "repeated": "first"}),
    ("match_accuracy", {"approximation_batch_size": 20, "seed": 4}),
    ("match_accuracy", {"approximation_batch_size": 5, "repeated": "first"}),
    ("sisc_adherence", {"approximation_batch_size": 20, "seed": 4}),
]


def of_demo() -> tuple[nn.Module, Steps]:
    schedule = Schedule(1797, samples=60, epochs=2, batch_size=7, seed=3)
    images = torch.from_numpy(load_digits().inputs).float()
    return Sparsey(DIGITS, seed=3), ((images[step.samples], step.training, step.epoch) for step in schedule)


def of_golden(name: str, kind: Callable[..., StandIn], first: int = 0) -> tuple[nn.Module, Steps]:
    run = load_golden(name)[0][first:]
    model = kind(run)
    return model, steps_of(run, model)


RUNS: dict[str, Callable[[], tuple[nn.Module, Steps]]] = {
    "demo": of_demo,
    "spring-2024": lambda: of_golden("spring_digits_silent", spring, first=45),
    "final": lambda: of_golden("final_mnist_rect", final),
}


class Watched:
    """A run that was recorded while all metrics watched it."""

    def __init__(self, name: str, path: Path) -> None:
        model, steps = RUNS[name]()
        self.path = path
        self.online = [
            MetricFactory.create_metric(metric, model=model, **parameters) for metric, parameters in METRICS
        ]
        self.by_mac: list[list[list[list[Any]]]] = [[] for _ in self.online]
        self.average = MetricFactory.create_metric("basis_average", model=model)
        self.average_by_epoch: dict[int, NDArray[np.float32]] = {}
        with st.record(model, path) as recorder:
            for epoch, in_epoch in groupby(steps, key=itemgetter(2)):
                recorder.epoch = epoch
                for batch, training, _ in in_epoch:
                    output = model.train(training)(batch)
                    self.average.compute(model, batch, output, training)
                    for metric, values in zip(self.online, self.by_mac, strict=True):
                        metric.compute(model, batch, output, training)
                        values.append(metric.by_mac)
                self.average_by_epoch[epoch] = self.average._averages().numpy()

    @cached_property
    def tables(self) -> list[pd.DataFrame]:
        """Of each metric its table, from as few analyses as can be: in each, a name only once."""
        found: dict[int, pd.DataFrame] = {}
        while waiting := [index for index in range(len(METRICS)) if index not in found]:
            chosen = {METRICS[index][0]: index for index in reversed(waiting)}
            metrics = [self.online[index].definition for index in chosen.values()]
            result = st.analyze(self.path, metrics=metrics)
            found |= {index: result.to_pandas(name) for name, index in chosen.items()}
        return [found[index] for index in range(len(METRICS))]


@pytest.fixture(scope="module", params=list(RUNS))
def watched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    return Watched(request.param, tmp_path_factory.mktemp("online") / "run.h5")


@pytest.mark.parametrize(("index", "how"), list(enumerate(METRICS)))
def test_every_step_has_the_values_of_the_replay(
    watched: Watched, index: int, how: tuple[str, dict[str, Any]]
) -> None:
    steps = watched.tables[index].groupby("step")
    online = dict(enumerate(watched.by_mac[index]))
    without = {step: online.pop(step) for step in online.keys() - steps.groups.keys()}
    assert online == {
        step: [of_layer["value"].tolist() for _, of_layer in rows.groupby("layer")] for step, rows in steps
    }
    assert not any(map(any, without.values()))
    assert not without or how[0] == "match_accuracy"


def test_basis_averages_are_those_of_the_replay_at_the_end_of_each_epoch(watched: Watched) -> None:
    result = st.analyze(watched.path, metrics=["basis_average"], resolution="epoch")
    for epoch, rows in result.to_pandas("basis_average").groupby("epoch"):
        assert np.array_equal(watched.average_by_epoch[epoch], np.stack(rows["average"].tolist()))


def test_the_layouts_are_the_original_s(watched: Watched) -> None:
    with st.open_trace(watched.path) as trace:
        assert trace.layout == watched.average._steps.layout
