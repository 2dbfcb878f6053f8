"""What is a step and what isn't: passes that go wrong, and what is refused of those that don't."""

from __future__ import annotations

import copy
import io
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch.utils.checkpoint import checkpoint

import sparsey_trace as st
from sparsey_trace.errors import LayoutError, RecordError
from sparsey_trace.recording import WinnerTakeAll, record
from sparsey_trace.recording.adapters.sparsey import SparseyLayers
from tests.recording.models import CLASSIFIER_LAYERS, Classifier, Fixed, OriginalModel, samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import Tensor

    from sparsey_trace.recording.adapters.codes import Codes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.h5"


class Unruly(Classifier):
    """A classifier whose forward pass does what a test wants first."""

    def __init__(self, act: Callable[[Unruly, Tensor], Tensor]) -> None:
        super().__init__()
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self, x)


def num_recorded(path: Path) -> int:
    with st.open_trace(path) as trace:
        assert trace.closed
        return len(trace)


def check_refused(path: Path, act: Callable[[Unruly, Tensor], Tensor], message: str) -> None:
    """The first pass, which does `act`, is refused; the plain one after it is recorded."""
    model = Unruly(act)
    with record(model, path, layers=CLASSIFIER_LAYERS) as rec:
        with pytest.raises(RecordError, match=message):
            model(samples(2))
        model.act = Classifier.forward
        model(samples(3))
        assert rec.stats().unrecorded == 1
    assert num_recorded(path) == 3


def test_a_skipped_layer_below(path: Path) -> None:
    def skip(model: Unruly, x: Tensor) -> Tensor:
        return model.deeper(torch.ones(len(x), 24))

    check_refused(path, skip, r"step 0: expected encoder\.1 to run before deeper\.1, found that it didn't")


def test_a_skipped_layer_on_top(path: Path) -> None:
    check_refused(
        path,
        lambda model, x: model.encoder(x),
        r"Unruly: step 0: expected every recorded layer to run .*, found that these didn't: deeper\.1",
    )


def test_a_layer_called_twice(path: Path) -> None:
    def repeat(model: Unruly, x: Tensor) -> Tensor:
        model.encoder(x)
        return Classifier.forward(model, x)

    check_refused(path, repeat, r"step 0: encoder\.1: expected one call in a forward pass, found a second")


def test_another_number_of_samples_inside(path: Path) -> None:
    def halve(model: Unruly, x: Tensor) -> Tensor:
        return Classifier.forward(model, x[:1])

    check_refused(path, halve, r"encoder\.1: expected an output for each of the input's 2 samples, found 1")


def test_a_model_that_calls_itself(path: Path) -> None:
    def recurse(model: Unruly, x: Tensor) -> Tensor:
        model.act = Classifier.forward
        return model(x) + Classifier.forward(model, x)

    model = Unruly(recurse)
    with record(model, path, layers=CLASSIFIER_LAYERS):
        with pytest.raises(RecordError, match="found one that was given up: the model calls itself"):
            model(samples(2))
        model(samples(3))
    assert num_recorded(path) == 5


def test_an_error_of_recording_that_the_model_swallows(path: Path) -> None:
    def swallow(model: Unruly, x: Tensor) -> Tensor:
        with pytest.raises(RecordError):
            model.deeper(torch.ones(len(x), 24))
        return x

    check_refused(path, swallow, "found one that was given up: .* or caught an error of recording")


def test_a_pass_that_raises_leaves_nothing_behind(path: Path) -> None:
    def fail(model: Unruly, x: Tensor) -> Tensor:
        model.encoder(x)
        raise KeyError("mine")  # noqa: EM101

    model = Unruly(fail)
    with record(model, path, layers=CLASSIFIER_LAYERS) as rec:
        rec.labels = [1, 2]
        with pytest.raises(KeyError, match="mine"):
            model(samples(2))
        model.encoder(samples(2))
        model.act = Classifier.forward
        model(samples(3))
    with st.open_trace(path) as trace:
        np.testing.assert_array_equal(trace.inputs[:], samples(3))
        assert trace.samples.to_pandas()["label"].isna().all()


def test_a_pass_that_is_interrupted_leaves_nothing_behind(path: Path) -> None:
    def interrupt(model: Unruly, x: Tensor) -> Tensor:
        model.encoder(x)
        raise KeyboardInterrupt

    model = Unruly(interrupt)
    with record(model, path, layers=CLASSIFIER_LAYERS):
        with pytest.raises(KeyboardInterrupt):
            model(samples(2))
        model.act = Classifier.forward
        model(samples(3))
    assert num_recorded(path) == 3


def test_a_pass_while_the_caller_handles_an_error_is_recorded(path: Path) -> None:
    model = OriginalModel()
    with record(model, path):
        try:
            raise KeyError
        except KeyError:
            model(samples(2))
    assert num_recorded(path) == 2


def test_a_model_without_an_output_is_recorded(path: Path) -> None:
    def keep_to_itself(model: Unruly, x: Tensor) -> None:
        Classifier.forward(model, x)

    model = Unruly(keep_to_itself)
    with record(model, path, layers=CLASSIFIER_LAYERS):
        assert model(samples(2)) is None
    assert num_recorded(path) == 2


def test_layers_that_run_by_themselves_are_not_recorded(path: Path) -> None:
    model = Classifier()
    with record(model, path, layers=CLASSIFIER_LAYERS):
        model.encoder(samples(2))
        model(samples(3))
        model.encoder(samples(2))
    assert num_recorded(path) == 3


def test_what_backward_computes_again_is_not_recorded(path: Path) -> None:
    def save_memory(model: Unruly, x: Tensor) -> Tensor:
        return model.head(model.deeper(checkpoint(model.encoder, x, use_reentrant=False)))

    model = Unruly(save_memory)
    with record(model, path, layers=CLASSIFIER_LAYERS) as rec:
        model(samples(2)).sum().backward()
        assert rec.stats().steps == 1
    assert num_recorded(path) == 2


def test_a_pass_over_no_samples_leaves_nothing_but_takes_a_number(path: Path) -> None:
    model = OriginalModel()
    with record(model, path) as rec:
        model(samples(0))
        model(samples(2))
        assert rec.stats().unrecorded == 1
    with st.open_trace(path) as trace:
        assert trace.samples.step[:].tolist() == [1, 1]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_an_input_that_is_not_finite(path: Path, value: float) -> None:
    model, broken = Fixed(torch.ones(2, 1), torch.ones(2, 1)), samples(2)
    broken[1, 4] = value
    with record(model, path, layers=[WinnerTakeAll("part", num_macs=1, num_cms=1, num_neurons=1)]):
        model(samples(2))
        with pytest.raises(
            RecordError,
            match=f"Fixed: step 1, sample 3: input: expected finite numbers, found {value} in feature 4",
        ):
            model.outputs.insert(0, torch.ones(2, 1))
            model(broken)
        model(samples(2))
    assert num_recorded(path) == 4


def test_a_float_too_large_for_a_trace_is_not_finite(path: Path) -> None:
    model, huge = Fixed(torch.ones(1, 1)), torch.full((1, 6), 1e300, dtype=torch.float64)
    with (
        pytest.raises(RecordError, match="expected finite numbers, found inf in feature 0"),
        record(model, path, layers=[WinnerTakeAll("part", num_macs=1, num_cms=1, num_neurons=1)]),
    ):
        model(huge)


def test_inputs_of_another_size(path: Path) -> None:
    model = Fixed(torch.ones(2, 1), torch.ones(2, 1), torch.ones(2, 1))
    with record(model, path, layers=[WinnerTakeAll("part", num_macs=1, num_cms=1, num_neurons=1)]):
        model(samples(2))
        with pytest.raises(
            RecordError,
            match=r"step 1: input: expected 6 features a sample, as in the first step, found 5 \(shape \[2, 5\]\)",
        ):
            model(samples(2)[:, :5])
        model(samples(2).reshape(2, 3, 2))
    with st.open_trace(path) as trace:
        assert trace.layout.input_shape == (6,)
        np.testing.assert_array_equal(trace.inputs[2:], samples(2))


def test_a_first_pass_that_fails_does_not_fix_the_inputs_size(path: Path) -> None:
    model = OriginalModel()
    with record(model, path):
        with pytest.raises(LayoutError, match=r"MAC 1: expected indices below 5 .input features., found 6"):
            model(samples(2)[:, :5])
        with pytest.raises(RuntimeError, match="invalid for input of size"):
            model(torch.ones(2, 7))
        model(samples(2))
    assert num_recorded(path) == 2


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((), "no arguments"),
        (([1.0],), "list"),
        ((torch.ones(2, 6, dtype=torch.complex64), None), "Tensor, NoneType"),
    ],
)
def test_a_pass_without_an_input(path: Path, arguments: tuple[object, ...], found: str) -> None:
    class Any_(Classifier):
        def forward(self, *_: object) -> Tensor:
            return Classifier.forward(self, samples(2))

    model = Any_()
    message = rf"step 0: input: expected a real tensor \[B, …\] among the model's arguments, found {found}"
    with record(model, path, layers=CLASSIFIER_LAYERS):
        with pytest.raises(RecordError, match=message):
            model(*arguments)
        model(samples(2))
    assert num_recorded(path) == 2


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ([1, 2, 3], r"int64 of shape \[3\]"),
        (torch.tensor([[1, 2, 3, 4]]), r"int64 of shape \[1, 4\]"),
        (torch.tensor([0.5, 1.5]), r"float32 of shape \[2\]"),
        (["a", "b"], r"<U1 of shape \[2\]"),
    ],
)
def test_labels_that_do_not_fit(path: Path, labels: object, found: str) -> None:
    model = OriginalModel()
    with record(model, path) as rec:
        rec.labels = labels
        with pytest.raises(
            RecordError, match=f"labels: expected 2 whole numbers, one for each sample, found {found}"
        ):
            model(samples(2))
        model(samples(2))
    assert num_recorded(path) == 2


def test_layers_in_different_phases(path: Path) -> None:
    model = OriginalModel()
    upper = list(model.children())[1]
    with record(model, path):
        upper.eval()
        with pytest.raises(
            RecordError,
            match=r"step 0: expected all layers in training or all in evaluation, found Layer_0 in training and "
            "Layer_1 in evaluation",
        ):
            model(samples(2))
        upper.train()
        model(samples(2))
    assert num_recorded(path) == 2


def test_what_changes_in_place_later_was_recorded_as_it_was(path: Path) -> None:
    def overwrite(model: Unruly, x: Tensor) -> Tensor:
        cells = model.encoder(x)
        output = model.head(model.deeper(cells))
        cells.zero_()
        x.fill_(0.5)
        return output

    model, labels, batch = Unruly(overwrite), np.array([1, 2]), samples(2)
    with torch.no_grad(), record(model, path, layers=CLASSIFIER_LAYERS) as rec:
        rec.labels = labels
        model(batch)
        labels[:] = 9
    with st.open_trace(path) as trace:
        np.testing.assert_array_equal(trace.inputs[:], samples(2))
        assert trace.layers[0].active[:].all()
        assert trace.samples.to_pandas()["label"].tolist() == [1, 2]


def test_copies_of_the_model_work_and_are_not_recorded(path: Path) -> None:
    model = OriginalModel()
    with record(model, path):
        copied, unpickled = copy.deepcopy(model), pickle.loads(pickle.dumps(model))
        buffer = io.BytesIO()
        torch.save(model, buffer)
        for other in (copied, unpickled, torch.load(io.BytesIO(buffer.getvalue()), weights_only=False)):
            torch.testing.assert_close(other.eval()(samples(2)), copy.deepcopy(model).eval()(samples(2)))
        model(samples(3))
    assert num_recorded(path) == 3


def test_an_adapters_own_error_reaches_the_user(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    model = OriginalModel()
    with record(model, path):
        with monkeypatch.context() as patch:
            patch.setattr(SparseyLayers, "read", fail)
            with pytest.raises(ZeroDivisionError):
                model(samples(2))
        model(samples(3))
    assert num_recorded(path) == 3


def test_adapters_work_without_gradients(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    enabled, read = [], SparseyLayers.read

    def watch(*arguments: Any) -> Codes:
        enabled.append(torch.is_grad_enabled())
        return read(*arguments)

    monkeypatch.setattr(SparseyLayers, "read", watch)
    model = OriginalModel()
    with record(model, path):
        model(samples(2))
    assert enabled == [False, False]


def test_layers_have_to_run_in_the_order_in_which_they_are_named(path: Path) -> None:
    model = Classifier()
    with (
        pytest.raises(
            RecordError, match=r"expected deeper\.1 to run before encoder\.1, found that it didn't"
        ),
        record(model, path, layers=CLASSIFIER_LAYERS[::-1]),
    ):
        model(samples(2))
