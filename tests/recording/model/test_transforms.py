"""Passes that torch runs to trace or transform a model are no steps, and end no training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

import sparsey_trace as st
from sparsey_trace.errors import RecordWarning
from sparsey_trace.recording import record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Winners(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Linear(6, 24)

    def forward(self, x: Tensor) -> Tensor:
        groups = self.weights(x).unflatten(-1, (2, 3, 4))
        return (groups == groups.amax(-1, keepdim=True)).float()


X = torch.rand(4, 6, generator=torch.Generator().manual_seed(1))
LAYER = st.WinnerTakeAll("0", num_macs=2, num_cms=3, num_neurons=4)


def loss(model: nn.Module) -> Callable[..., Tensor]:
    return lambda weights, x: torch.func.functional_call(model, weights, (x,)).sum()


def fake(model: nn.Module) -> None:
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        model(mode.from_tensor(X))


WAYS: dict[str, Callable[[nn.Module], object]] = {
    "grad": lambda model: torch.func.grad(loss(model))(dict(model.named_parameters()), X),
    "vmap of grad": lambda model: torch.vmap(
        torch.func.grad(lambda weights, x: loss(model)(weights, x[None])), (None, 0)
    )(dict(model.named_parameters()), X),
    "jvp": lambda model: torch.func.jvp(model, (X,), (X,)),
    "vmap": lambda model: torch.vmap(lambda x: model(x[None]))(X),
    "FakeTensor": fake,
    "export": lambda model: torch.export.export(model, (X,)),
    "jit": lambda model: torch.jit.trace(model, (X,), check_trace=False),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.filterwarnings(
    "ignore::sparsey_trace.errors.RecordWarning"
)  # torch.export silences all warnings
def test_what_torch_does_with_a_model_works_and_is_no_step(
    path: Path, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    model = nn.Sequential(Winners())
    with record(model, path, layers=LAYER) as rec:
        model(X)
        WAYS[way](model)
        model(X)
    told = [line for line in caplog.messages if line.startswith("Sequential: step 1: a pass under ")]
    assert len(told) == 1
    assert told[0].endswith(" isn't recorded, nor are others like it")
    stats = rec.stats()
    assert (stats.passes, stats.steps, stats.refused) == (2, 2, 0)
    with st.open_trace(path) as trace:
        assert trace.samples.step[:].tolist() == [0] * 4 + [1] * 4


def test_a_model_without_values_is_told_of(path: Path) -> None:
    with torch.device("meta"):
        model = nn.Sequential(Winners())
    with pytest.warns(RecordWarning) as warned, record(model, path, layers=LAYER):
        model(X.to("meta"))
        model(X.to("meta"))
    assert len(warned) == 2
    assert str(warned[0].message) == (
        'Sequential: step 0: a pass under the device "meta", whose tensors have no values isn\'t recorded, nor are '
        "others like it"
    )
    assert str(warned[1].message) == (
        f"{path}: no trace was made: no forward pass of the model was recorded, as was told"
    )


def test_the_default_device_makes_no_difference(path: Path) -> None:
    model = nn.Sequential(Winners())
    torch.set_default_device("meta")
    try:
        with record(model, path, layers=LAYER) as rec:
            rec.labels = [1, 2, 3, 4]
            model(X)
    finally:
        torch.set_default_device(None)
    with st.open_trace(path) as trace:
        assert (len(trace), trace.samples.label[0]) == (4, 1)


def test_sparse_inputs_are_kept_as_they_are(path: Path) -> None:
    class Dense(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x.to_dense())

    model = Dense(Winners())
    with record(model, path, layers=LAYER):
        model(X.to_sparse())
    with st.open_trace(path) as trace:
        assert torch.equal(torch.from_numpy(trace.inputs[:]), X)
