"""Training on several ranks: a file each, and what they are together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

import sparsey_trace as st
from sparsey_trace.layout import PHASES
from sparsey_trace.recording import record
from sparsey_trace.trace.format.run_part import RunPart
from tests.recording.models import CLASSIFIER_LAYERS
from tests.recording.two_ranks import BATCH, NUM_STEPS, batch, is_training, loss_of, make_model, optimizer_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fork_server import ForkServer


RANK = """
import sys
from tests.recording.two_ranks import train_as_rank
train_as_rank(int(sys.argv[1]), sys.argv[2])
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, fork_server: ForkServer) -> Path:
    """A folder with what two ranks recorded: of one run, resumed once, and each of one more pass."""
    folder = tmp_path_factory.mktemp("ranks")
    ranks = [fork_server.start(RANK, rank, folder) for rank in range(2)]
    for rank, process in enumerate(ranks):
        with process:
            out, errors = process.communicate()
        assert process.returncode == 0, errors
        assert out.split() == [f"run.rank{rank}.h5", f"run.rank{rank}.1.h5", f"mine.rank{rank}.h5"]
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
        + [f"moments.rank{rank}.h5" for rank in range(2)]
        + [f"mine.rank{rank}.h5" for rank in range(2)]
    )
    half = NUM_STEPS // 2
    runs = {name: run_of(*run.glob(f"{name}.*.h5")) for name in ("run", "uneven", "mine")}
    assert len(set(runs.values())) == 3
    for rank in range(2):
        own = {"rank": rank, "num_ranks": 2, "run": runs["run"]}
        before = f"run.rank{rank}.h5"
        with st.open_trace(run / before) as first, st.open_trace(run / f"run.rank{rank}.1.h5") as second:
            assert first.part == RunPart(**own)
            assert second.part == RunPart(**own, continues=before, first_step=half, first_sample=half * BATCH)
            assert [len(first), len(second)] == [half * BATCH] * 2


def run_of(*files: Path) -> str:
    runs = set()
    for file in files:
        with st.open_trace(file) as trace:
            runs.add(trace.part.run)
    [run] = runs
    return run


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
    assert (
        set(merged) == set(expected) >= set(st.metrics.available()) - {"layer_value"}
    )  # nothing was recorded for it
    for name in expected:
        assert len(expected[name])
        assert merged[name].equals(expected[name]), name


def test_moments_of_ranks_stand_behind_each_other_step_by_step(run: Path) -> None:
    kept = np.stack([np.load(run / f"kept{rank}.npy") for rank in range(2)])  # rank, call, sample, Q
    with st.open_trace(str(run / "moments.*.h5")) as trace:
        by_step = kept.reshape(2, 2, 3, *kept.shape[2:]).swapaxes(0, 1)
        np.testing.assert_array_equal(trace.layers["code"].codes[:].reshape(by_step.shape), by_step)
        assert trace.samples.moment[:].tolist() == np.tile(np.repeat(range(3), 3), 4).tolist()


def test_the_weights_moved_between_steps(alone: Path) -> None:
    """Otherwise the tests above would hold without any training."""
    with st.open_trace(alone) as trace:
        inputs, codes = trace.inputs[:], trace.layers[1].codes[:]
    answers: dict[bytes, set[bytes]] = {}
    for sample, code in zip(inputs, codes, strict=True):
        answers.setdefault(sample.tobytes(), set()).add(code.tobytes())
    assert max(map(len, answers.values())) > 1
