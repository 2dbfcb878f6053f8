"""Wrapped models, and training on several ranks: a file each, and what they are together."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import distributed, nn
from torch.nn.parallel import DataParallel, DistributedDataParallel

import sparsey_trace as st
from sparsey_trace.errors import RecordError
from sparsey_trace.layout import PHASES
from sparsey_trace.recording import record
from sparsey_trace.recording.model.wrappers import unwrapped
from sparsey_trace.trace.format.run_part import RunPart
from tests.recording.models import CLASSIFIER_LAYERS, Classifier, OriginalModel, samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NUM_STEPS = 6
BATCH = 4

RANK = """
import sys
import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel
from sparsey_trace.recording import record
from tests.recording.models import CLASSIFIER_LAYERS
from tests.recording.test_distributed import NUM_STEPS, batch, is_training, loss_of, make_model, optimizer_of

rank, folder = int(sys.argv[1]), sys.argv[2]
distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
model = DistributedDataParallel(make_model())
optimizer = optimizer_of(model)
for first in (0, NUM_STEPS // 2):
    with record(model, f"{folder}/run.h5", layers=CLASSIFIER_LAYERS, resume=True) as rec:
        for step in range(first, first + NUM_STEPS // 2):
            rec.epoch, rec.labels = first, torch.arange(4) + rank
            model.train(is_training(step))
            optimizer.zero_grad()
            loss_of(model(batch(step, rank))).backward()
            optimizer.step()
    print(rec.path.name)
for _ in range(2):
    with record(model, f"{folder}/uneven.h5", layers=CLASSIFIER_LAYERS, resume=True) as rec:
        for step in range(2 + rank):
            model.module(batch(step, rank))
    distributed.barrier()
with record(model, f"{folder}/mine.rank{rank}.h5", layers=CLASSIFIER_LAYERS) as rec:
    model(batch(0, rank))
print(rec.path.name)
distributed.destroy_process_group()
"""


def make_model() -> Classifier:
    torch.manual_seed(2)
    model = Classifier()
    model.dropout = nn.Identity()  # as each process would draw for itself
    return model


def optimizer_of(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=0.5)


def batch(step: int, rank: int) -> torch.Tensor:
    return samples(BATCH, seed=2 * step + rank)


def is_training(step: int) -> bool:
    return step % 3 < 2


def loss_of(output: torch.Tensor) -> torch.Tensor:
    return nn.functional.cross_entropy(output, torch.arange(BATCH) % 2)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what two ranks recorded: of one run, resumed once, and each of one more pass."""
    folder = tmp_path_factory.mktemp("ranks")
    root = Path(__file__).parents[2]
    ranks = [
        subprocess.Popen(
            [sys.executable, "-c", RANK, str(rank), str(folder)], cwd=root, text=True, stdout=subprocess.PIPE
        )
        for rank in range(2)
    ]
    for rank, process in enumerate(ranks):
        names = process.communicate(timeout=120)[0].split()
        assert process.returncode == 0
        assert names == [f"run.rank{rank}.h5", f"run.rank{rank}.1.h5", f"mine.rank{rank}.h5"]
    return folder


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same samples recorded by one process: step by step what rank 0 saw, and then what rank 1 saw."""
    path = tmp_path_factory.mktemp("alone") / "run.h5"
    model = make_model()
    optimizer = optimizer_of(model)
    with record(model, path, layers=CLASSIFIER_LAYERS) as rec:
        for step in range(NUM_STEPS):
            model.train(is_training(step))
            optimizer.zero_grad()
            for rank in range(2):
                rec.epoch, rec.labels = step // 3 * 3, torch.arange(BATCH) + rank
                (loss_of(model(batch(step, rank))) / 2).backward()
            optimizer.step()
    return path


@pytest.fixture(scope="module")
def alone_by_step(alone: Path) -> Path:
    """The same again, both ranks' samples of a step in one step."""
    path = alone.with_name("by_step.h5")
    with st.open_trace(alone) as trace, st.TraceWriter(path, trace.layout) as writer:
        for both in trace.chunks(2 * BATCH):
            writer.append(
                inputs=both.inputs,
                codes=both.codes,
                active=both.active,
                phase=PHASES[both.phase[0]],
                epoch=int(both.epoch[0]),
                labels=both.label,
            )
    return path


def test_each_rank_has_its_files(run: Path) -> None:
    assert sorted(path.name for path in run.glob("*.h5")) == sorted(
        [
            f"{name}.rank{rank}{number}.h5"
            for name in ("run", "uneven")
            for rank in range(2)
            for number in ("", ".1")
        ]
        + [f"mine.rank{rank}.h5" for rank in range(2)]
    )
    half = NUM_STEPS // 2
    for rank in range(2):
        own = {"rank": rank, "num_ranks": 2}
        before = f"run.rank{rank}.h5"
        with st.open_trace(run / before) as first, st.open_trace(run / f"run.rank{rank}.1.h5") as second:
            assert first.part == RunPart(**own)
            assert second.part == RunPart(**own, continues=before, first_step=half, first_sample=half * BATCH)
            assert [len(first), len(second)] == [half * BATCH] * 2


def test_ranks_that_ended_at_different_steps_go_on_with_the_same(run: Path) -> None:
    for rank in range(2):
        with st.open_trace(run / f"uneven.rank{rank}.1.h5") as trace:
            assert (trace.part.first_step, trace.part.first_sample) == (3, (2 + rank) * BATCH)
    with st.open_trace(str(run / "uneven.*.h5")) as trace:
        assert trace.samples.step[:].tolist() == list(np.repeat(range(6), [8, 8, 4, 8, 8, 4]))


def test_the_ranks_samples_are_those_of_one_process(run: Path, alone: Path) -> None:
    with st.open_trace(alone) as trace:
        expected = list(trace.chunks(BATCH))
    for rank in range(2):
        parts = [run / f"run.rank{rank}.h5", run / f"run.rank{rank}.1.h5"]
        for number, path in enumerate(parts):
            with st.open_trace(path) as trace:
                for offset, found in enumerate(trace.chunks(BATCH)):
                    step = number * NUM_STEPS // 2 + offset
                    wanted = expected[2 * step + rank]
                    assert found.step.tolist() == [step] * BATCH
                    for name in ("epoch", "phase", "label", "inputs"):
                        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))
                    for codes, sought in zip(found.codes, wanted.codes, strict=True):
                        np.testing.assert_array_equal(codes, sought)


@pytest.mark.parametrize("resolution", ["step", "run"])
def test_together_they_give_the_metrics_of_one_process(
    run: Path, alone_by_step: Path, resolution: str
) -> None:
    merged = st.analyze(str(run / "run.*.h5"), resolution=resolution)
    expected = st.analyze(alone_by_step, resolution=resolution)
    assert set(merged) == set(expected) >= set(st.metrics.available())
    for name in expected:
        assert len(expected[name])
        assert merged[name].equals(expected[name]), name


def test_the_weights_moved_between_steps(alone: Path) -> None:
    """Otherwise the tests above would hold without any training."""
    with st.open_trace(alone) as trace:
        inputs, codes = trace.inputs[:], trace.layers[1].codes[:]
    answers: dict[bytes, set[bytes]] = {}
    for sample, code in zip(inputs, codes, strict=True):
        answers.setdefault(sample.tobytes(), set()).add(code.tobytes())
    assert max(map(len, answers.values())) > 1


@pytest.fixture
def one_rank(tmp_path: Path) -> Iterator[None]:
    distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/meeting", rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


on_cpu = pytest.mark.skipif(torch.cuda.is_available(), reason="DataParallel would want the model on a GPU")
WRAPPINGS = [
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


def in_eager(model: nn.Module) -> nn.Module:
    return torch.compile(model, backend="eager")


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
@pytest.mark.usefixtures("one_rank")
@pytest.mark.parametrize("wrap", WRAPPINGS)
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
        assert (len(trace), trace.part) == (3, RunPart())


def test_several_devices_in_one_process_are_refused(tmp_path: Path) -> None:
    model = DataParallel(OriginalModel())
    model.device_ids = [0, 1]
    with pytest.raises(
        RecordError,
        match=r"^DataParallel: expected one device, found 2: layers .* use DistributedDataParallel",
    ):
        record(model, tmp_path / "run.h5")
