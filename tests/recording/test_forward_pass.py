"""What has to hold of a forward pass: every layer runs once, lowest first, on samples of one size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

import sparsey_trace as st
from sparsey_trace.errors import LayoutError, RecordError
from sparsey_trace.recording import WinnerTakeAll, record
from tests.recording.models import CLASSIFIER_LAYERS, Classifier, Fixed, OriginalModel, samples
from tests.recording.passes import Unruly, check_refused, num_recorded

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor


def test_a_skipped_layer_below(path: Path) -> None:
    def skip(model: Unruly, x: Tensor) -> Tensor:
        return model.deeper(torch.ones(len(x), 24))

    check_refused(path, skip, r"step 0: expected encoder\.1 to run before deeper\.1, found that it didn't")


def test_a_skipped_layer_on_top(path: Path) -> None:
    check_refused(
        path,
        lambda model, x: model.encoder(x),
        r"Unruly: step 0: expected every recorded layer to run .*, found that these didn't: deeper\.1 "
        r"\(layers can't be seen that run in another thread, .*, or by a method other than forward, such as encode",
    )


def test_a_layer_called_twice(path: Path) -> None:
    def repeat(model: Unruly, x: Tensor) -> Tensor:
        model.encoder(x)
        return Classifier.forward(model, x)

    check_refused(path, repeat, r"step 0: encoder\.1: expected one call in a forward pass, found a second")


def test_another_number_of_samples_inside(path: Path) -> None:
    def halve(model: Unruly, x: Tensor) -> Tensor:
        return Classifier.forward(model, x[:1])

    check_refused(
        path,
        halve,
        r"encoder\.1: expected an output for each of the input's 2 samples, found 1; where samples aren't the "
        r"first axis, functions put axes in order: record\(…, input=…\) the input's, "
        r"WinnerTakeAll\(…, output=…\) the output's$",
    )


def test_inputs_of_another_size(path: Path) -> None:
    model = Fixed(torch.ones(2, 1), torch.ones(2, 1), torch.ones(2, 1))
    layer = WinnerTakeAll("part", num_macs=1, num_cms=1, num_neurons=1)
    with record(model, path, layers=layer, on_bad_step="raise"):
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
        (([1.0],), "list of 0: float"),
        ((torch.ones(2, 6, dtype=torch.complex64), None), r"\[2, 6\] complex64, NoneType"),
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


def test_layers_have_to_run_in_the_order_in_which_they_are_named(path: Path) -> None:
    model = Classifier()
    with (
        pytest.raises(
            RecordError, match=r"expected deeper\.1 to run before encoder\.1, found that it didn't"
        ),
        record(model, path, layers=CLASSIFIER_LAYERS[::-1]),
    ):
        model(samples(2))
