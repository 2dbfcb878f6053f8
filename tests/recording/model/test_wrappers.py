"""Wrapped models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import distributed, nn
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DataParallel, DistributedDataParallel
from torch.optim.swa_utils import AveragedModel

import sparsey_trace as st
from sparsey_trace.errors import RecordError
from sparsey_trace.recording import record
from sparsey_trace.recording.model.wrappers import unwrapped
from sparsey_trace.trace.format.run_part import RunPart
from tests.faults import unless_dear
from tests.recording.models import CLASSIFIER_LAYERS, Classifier, OriginalModel, samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def one_rank(tmp_path: Path) -> Iterator[None]:
    distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/meeting", rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


on_cpu = pytest.mark.skipif(torch.cuda.is_available(), reason="DataParallel would want the model on a GPU")


def by(package: str, wrap: Callable[[Any, nn.Module], nn.Module]) -> Callable[[nn.Module], nn.Module]:
    """With a package that may not be installed."""
    return lambda model: wrap(pytest.importorskip(package), model)


WRAPPINGS = [
    pytest.param(fully_shard, id="fsdp"),
    pytest.param(by("opacus", lambda package, model: package.GradSampleModule(model)), id="opacus"),
    pytest.param(
        by("accelerate", lambda package, model: package.Accelerator(cpu=True).prepare(model)), id="accelerate"
    ),
    pytest.param(DistributedDataParallel, id="ddp"),
    pytest.param(DataParallel, id="dp", marks=on_cpu),
    pytest.param(lambda model: in_eager(DistributedDataParallel(model)), id="compiled ddp"),
    pytest.param(lambda model: DistributedDataParallel(in_eager(model)), id="ddp of compiled"),
    pytest.param(
        lambda model: in_eager(DataParallel(DistributedDataParallel(model))),
        id="compiled dp of ddp",
        marks=on_cpu,
    ),
]


DEAR = WRAPPINGS[-1:]
"""It takes the compiler two seconds, and those before show what it is made of."""


def in_eager(model: nn.Module) -> nn.Module:
    return torch.compile(model, backend="eager")


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
@pytest.mark.usefixtures("one_rank")
@pytest.mark.parametrize("wrap", unless_dear(WRAPPINGS, DEAR))
def test_a_wrapped_model_is_recorded_under_its_own_names(
    tmp_path: Path, wrap: Callable[[nn.Module], nn.Module]
) -> None:
    torch.compiler.reset()
    model = Classifier()
    wrapped = wrap(model)
    assert unwrapped(wrapped) is model
    with record(wrapped, tmp_path / "run.h5", layers=CLASSIFIER_LAYERS) as rec:
        wrapped(samples(3)).sum().backward()
    assert rec.path == tmp_path / "run.h5"
    with st.open_trace(rec.path) as trace:
        assert [layer.layout.name for layer in trace.layers] == ["encoder.1", "deeper.1"]
        assert (len(trace), trace.part) == (3, RunPart(run=trace.part.run))


def test_an_average_of_weights_is_recorded_under_the_model_s_names(tmp_path: Path) -> None:
    average = AveragedModel(Classifier())
    with record(average, tmp_path / "run.h5", layers=CLASSIFIER_LAYERS):
        average(samples(3))
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert [layer.layout.name for layer in trace.layers] == ["encoder.1", "deeper.1"]


def test_several_devices_in_one_process_are_refused(tmp_path: Path) -> None:
    model = DataParallel(OriginalModel())
    model.device_ids = [0, 1]
    with pytest.raises(
        RecordError,
        match=r"^DataParallel: expected one device, found 2: layers .* use DistributedDataParallel",
    ):
        record(model, tmp_path / "run.h5")
