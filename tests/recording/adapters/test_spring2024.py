"""Recording a model of the spring-2024 version: wiring off its MACs, Q and K off its first outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

import sparsey_trace as st
from sparsey_trace.errors import RecordError
from sparsey_trace.recording.adapters.find import find_layers
from sparsey_trace.recording.adapters.spring2024 import Spring2024Layers
from tests.golden_runs import load_golden
from tests.sparseypy.standins.replay import final, spring, steps_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sparseypy.standins.build import StandIn

RUN, _ = load_golden("spring_digits_silent")
BATCH = torch.zeros(3, 8, 8, 1, 1)


def recorded(model: StandIn, path: Path, **how: object) -> st.Trace:
    with st.record(model, path, **how) as recorder:
        for batch, training, epoch in steps_of(RUN, model):
            recorder.epoch = epoch
            model.train(training)(batch)
    return st.open_trace(path)


def test_the_trace_is_the_run(tmp_path: Path) -> None:
    with recorded(spring(RUN), tmp_path / "run.h5") as trace:
        assert trace.layout.input_shape == (8, 8)
        assert [layer.name for layer in trace.layout.layers] == ["Layer_0", "Layer_1", "Layer_2"]
        np.testing.assert_array_equal(trace.inputs[:], RUN.inputs)
        np.testing.assert_array_equal(trace.samples.phase, RUN.phase)
        for index, (found, expected) in enumerate(zip(trace.layers, RUN.layout.layers, strict=True)):
            np.testing.assert_array_equal(found.layout.connections, expected.connections)
            np.testing.assert_array_equal(found.layout.positions, expected.positions)
            assert (found.layout.num_cms, found.layout.num_neurons) == (
                expected.num_cms,
                expected.num_neurons,
            )
            active = RUN.active[index]
            np.testing.assert_array_equal(found.active[:], active)
            np.testing.assert_array_equal(found.codes[:][active], RUN.codes[index][active])


def test_both_versions_make_the_same_trace(tmp_path: Path) -> None:
    with recorded(spring(RUN), tmp_path / "a.h5") as old, recorded(final(RUN), tmp_path / "b.h5") as new:
        assert (old.layout.input_shape, new.layout.input_shape) == ((8, 8), (64, 1))
        assert old.layout.layers == new.layout.layers
        for before, after in zip(old.layers, new.layers, strict=True):
            active = before.active[:]
            np.testing.assert_array_equal(before.codes[:][active], after.codes[:][active])


def test_each_layer_belongs_to_one_family() -> None:
    assert [isinstance(layer.adapter, Spring2024Layers) for layer in find_layers(spring(RUN), None)] == [
        True
    ] * 3
    assert [isinstance(layer.adapter, Spring2024Layers) for layer in find_layers(final(RUN), None)] == [
        False
    ] * 3


def test_some_of_the_layers(tmp_path: Path) -> None:
    with recorded(spring(RUN), tmp_path / "run.h5", layers=["Layer_1"]) as trace:
        assert [(layer.name, layer.num_cms, layer.num_neurons) for layer in trace.layout.layers] == [
            ("Layer_1", 4, 4)
        ]
        np.testing.assert_array_equal(trace.layers[0].active[:], RUN.active[1])


def test_a_run_that_goes_on_has_to_have_the_same_sizes(tmp_path: Path) -> None:
    recorded(spring(RUN), tmp_path / "run.h5").close()
    recorded(spring(RUN), tmp_path / "run.h5", resume=True).close()
    model = spring(RUN)
    model.Layer_2.register_forward_hook(lambda module, args, output: output[..., :2])
    with (
        pytest.raises(RecordError, match="found num_neurons 2 instead of 3 in layer Layer_2"),
        st.record(model, tmp_path / "run.h5", resume=True),
    ):
        model(BATCH)


def test_macs_that_do_not_say_whether_they_are_active(tmp_path: Path) -> None:
    model = spring(RUN)
    mac = model.Layer_1.mac_list[4]
    mac.register_forward_hook(lambda module, args, output: setattr(module, "is_active", True))
    message = "Layer_1, MAC 4: is_active: expected shape \\[3\\] after a forward pass, found bool"
    with pytest.raises(RecordError, match=message), st.record(model, tmp_path / "run.h5"):
        model(BATCH)


def test_an_output_without_its_sizes(tmp_path: Path) -> None:
    model = spring(RUN)
    model.Layer_2.register_forward_hook(lambda module, args, output: output.flatten(2))
    message = r"Layer_2: expected an output of shape \[B, rows, columns, Q, K\] of 2 MACs, found \[3, 1, 36\]"
    with pytest.raises(RecordError, match=message), st.record(model, tmp_path / "run.h5"):
        model(BATCH)
