from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from sparsey_trace.demo import DEMOS, DIGITS, Sparsey, load_digits, run_demo
from sparsey_trace.demo.schedule import Schedule
from sparsey_trace.errors import UsageError
from sparsey_trace.trace.reading.open_trace import open_trace

if TYPE_CHECKING:
    from pathlib import Path

SMALL = {"samples": 100, "epochs": 2, "batch_size": 16, "seed": 5}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_demo(tmp_path_factory.mktemp("demo") / "run.h5", **SMALL)


def unrecorded() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The last layer's winners and activity in the same run, made without a recorder."""
    data, model, winners, active = load_digits(), Sparsey(DIGITS, seed=SMALL["seed"]), [], []
    layer = model.layers[-1]
    for step in Schedule(len(data), **SMALL):
        codes = model.train(step.training)(torch.from_numpy(data.inputs[step.samples]))
        per_cm = codes.reshape(len(codes), -1, layer.num_cms_per_mac, layer.num_neurons_per_cm)
        winners.extend(per_cm.argmax(dim=-1).numpy())
        active.extend(layer.is_active.numpy())
    return winners, active


def test_the_trace_holds_each_sample_with_its_label_epoch_and_phase(run: Path) -> None:
    data, steps = load_digits(), list(Schedule(1797, **SMALL))
    shown = np.concatenate([step.samples for step in steps])
    with open_trace(run) as trace:
        samples = trace.samples.to_pandas()
        assert len(trace) == 2 * (90 + 20)
        assert np.array_equal(trace.inputs[:], data.inputs.reshape(-1, 64)[shown])
    assert np.array_equal(samples["label"], data.labels[shown])
    order = samples.groupby(["epoch", "phase"], sort=False, observed=True).size()
    assert order.to_dict() == {(0, "train"): 90, (0, "eval"): 20, (1, "train"): 90, (1, "eval"): 20}
    assert list(order.index) == [(0, "train"), (0, "eval"), (1, "train"), (1, "eval")]


def test_codes_are_bit_identical_whether_recorded_or_not(run: Path) -> None:
    winners, active = unrecorded()
    with open_trace(run) as trace:
        layer = trace.layers[-1]
        recorded, recorded_active = layer.codes[:], layer.active[:]
    assert np.array_equal(recorded_active, active)
    assert np.array_equal(recorded[recorded_active], np.array(winners)[recorded_active])


def test_the_trace_says_how_it_was_made(run: Path) -> None:
    with open_trace(run) as trace:
        config = trace.config
    assert {name: config[name] for name in SMALL} == SMALL
    assert config["dataset"] == "digits"
    layer = config["model"]["layers"][1]
    assert layer["grid"] == "hexagonal"
    assert layer["learning"]["saturation"] == DIGITS.layers[1].learning.saturation


def test_progress_is_told_after_each_step(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    run_demo(tmp_path / "run.h5", samples=20, epochs=1, batch_size=8, on_step=lambda *done: told.append(done))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_mnist_runs_too(tmp_path: Path) -> None:
    with open_trace(run_demo(tmp_path / "run.h5", dataset="mnist", samples=20, epochs=1)) as trace:
        assert trace.layout.input_shape == (28, 28)
        assert [layer.num_macs for layer in trace.layout.layers] == [100, 36, 9]
        assert trace.config["samples"] == 20


def test_an_unknown_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^dataset: expected one of digits, mnist, found 'cifar'$"):
        run_demo(tmp_path / "run.h5", dataset="cifar")
    assert set(DEMOS) == {"digits", "mnist"}


def test_nothing_is_written_when_a_number_is_out_of_range(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^samples: expected 2 to 1,797, found 2000$"):
        run_demo(tmp_path / "run.h5", samples=2000)
    assert list(tmp_path.iterdir()) == []
