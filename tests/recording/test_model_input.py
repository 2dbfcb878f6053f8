"""Which of a model's arguments is recorded as its input."""

from __future__ import annotations

from collections import UserDict
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor, nn

import sparsey_trace as st
from sparsey_trace.errors import RecordError, UsageError
from sparsey_trace.recording import record
from tests.recording.models import CLASSIFIER_LAYERS, Classifier, samples

if TYPE_CHECKING:
    from pathlib import Path


class WithMask(Classifier):
    """Takes a mask, and the time of a diffusion."""

    def forward(self, x: Any = None, mask: Tensor | None = None, *, time: Tensor | None = None) -> Tensor:
        return super().forward(
            x if isinstance(x, Tensor) else next(iter(x.values())) if hasattr(x, "values") else x[0]
        )


X, MASK = samples(2), torch.ones(2, 6)
TIME = torch.zeros(2)


def recorded(path: Path, *args: Any, option: Any = None, **kwargs: Any) -> list[Any]:
    model = WithMask()
    with record(model, path, layers=CLASSIFIER_LAYERS, input=option):
        model(*args, **kwargs)
    with st.open_trace(path) as trace:
        return trace.inputs[:].tolist()


@pytest.mark.parametrize(
    ("args", "kwargs", "option"),
    [
        ((X, MASK), {}, None),
        ((), {"x": X, "mask": MASK}, None),
        ((), {"mask": MASK, "time": TIME, "x": X}, None),
        ((), {"mask": MASK, "x": X}, "x"),
        ((X, MASK), {}, "x"),
        ((X, MASK), {}, 0),
        (({"pixels": X},), {}, None),
        (([X],), {"mask": MASK}, None),
        ((UserDict(pixels=X),), {}, None),
        ((X,), {"mask": MASK}, lambda args, kwargs: args[0]),
    ],
)
def test_the_input_is_found(path: Path, args: tuple[Any, ...], kwargs: dict[str, Any], option: Any) -> None:
    assert recorded(path, *args, option=option, **kwargs) == X.tolist()


@pytest.mark.parametrize("option", ["mask", 1, lambda args, kwargs: args[1]])
def test_another_can_be_chosen(path: Path, option: Any) -> None:
    assert recorded(path, X, MASK, option=option) == MASK.tolist()


def test_a_name_that_the_model_does_not_take_is_refused(path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"input: expected one of x, mask, time, found 'masks' \(did you mean mask"
    ):
        recorded(path, X, option="masks")
    with pytest.raises(UsageError, match="expected an argument's name or position, or a function"):
        recorded(path, X, option=1.5)


def test_a_pass_without_the_one_that_was_chosen(path: Path) -> None:
    with (
        pytest.raises(RecordError, match=r"found no arguments; say which it is: record\(…, input='x'\)"),
    ):
        recorded(path, X, option="mask")


def test_inputs_that_are_not_kept_may_have_any_size(path: Path) -> None:
    class Pooled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Classifier()

        def forward(self, image: Tensor) -> Tensor:
            return self.inner(image.mean(dim=-1))

    model = Pooled()
    layers = [
        st.WinnerTakeAll("inner.encoder.1", num_macs=2, num_cms=3, num_neurons=4),
        st.WinnerTakeAll("inner.deeper.1", num_macs=2, num_cms=2, num_neurons=3),
    ]
    with record(model, path, layers=layers, inputs="none"):
        model(torch.rand(2, 6, 32))
        model(torch.rand(3, 6, 40))
    with st.open_trace(path) as trace:
        assert (len(trace), trace.num_steps) == (5, 2)
