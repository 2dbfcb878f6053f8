"""Layers on an accelerator, which is far away here: nobody who trains waits, and the trace is the host's."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

import sparsey_trace as st
from sparsey_trace.errors import RecordWarning
from sparsey_trace.recording import record
from sparsey_trace.recording.queue.device_copy import PinnedMemory, copier_for
from tests.recording.models import Fixed, OriginalModel, samples
from tests.recording.passes import contents
from tests.recording.queue.far_device import PART, RUBBISH, FarDevice, cells, far_away
from tests.recording.queue.slow_disk import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor


NUM_STEPS = 20


def run(path: Path, *, scale: float = 1, **options: Any) -> st.recording.Stats:
    model = OriginalModel()
    with record(model, path, **options) as rec:
        for number in range(NUM_STEPS):
            model(samples(2 + number % 3, seed=number) * scale)
    return rec.stats()


@pytest.mark.parametrize(
    "options", [{}, {"inputs": "binary"}, {"inputs": "float32"}, {"inputs": "none"}, {"scale": 0.5}], ids=str
)
def test_the_trace_is_what_the_host_would_have_made(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    run(tmp_path / "host.h5", **options)
    far = far_away(monkeypatch)
    far.deliver_each(2)
    stats = run(path, **options)
    assert stats.steps == NUM_STEPS
    assert far.most_under_way > 1
    for found, expected in zip(contents(path), contents(tmp_path / "host.h5"), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_buffers_of_passes_in_inference_mode_serve_others(path: Path, far: FarDevice) -> None:
    model = OriginalModel()
    far.deliver_each()
    with record(model, path, on_bad_step="raise") as rec:
        for is_evaluation in [True, True, False]:
            with torch.inference_mode(is_evaluation):
                model(samples(2))
            rec.commit()
    assert rec.stats().steps == 3
    assert len(far.buffers) == 2  # the first step's is another, as its kind of input isn't known yet


def test_nothing_is_read_before_it_has_been_copied(path: Path, far: FarDevice) -> None:
    model = OriginalModel()
    with record(model, path) as rec:
        model(samples(2))
        model(samples(2, seed=1))
        assert rec.stats().committed == 0
        assert [set(buffer.tolist()) for buffer in far.buffers] == [{RUBBISH}] * 2
        far.deliver_each()
        rec.commit()
        assert rec.stats().committed == 4


def test_memory_is_used_again_and_its_queue_is_bounded(path: Path, far: FarDevice) -> None:
    model, step_bytes = Fixed(*[cells(4)] * 40), 4 * (6 * 4 + 2 * 3 + 2)
    done: list[Tensor] = []

    def train() -> None:
        far.training = threading.current_thread()
        done.extend(model(samples(4, seed=number)) for number in range(40))

    with record(model, path, layers=[PART], inputs="float32", queue_bytes=3 * step_bytes) as rec:
        training = threading.Thread(target=train, daemon=True)
        training.start()
        wait_until(lambda: rec.stats().waits == 1)
        assert rec.stats().steps == 3
        assert len(done) == 3
        far.deliver_each()
        training.join(60)
    assert rec.stats().queue_high_water == 3 * step_bytes
    assert rec.stats().steps == 40
    assert len(far.buffers) <= 4  # a buffer more than wait: one is given back before its room is
    np.testing.assert_array_equal(
        contents(path)[1], torch.cat([samples(4, seed=number) for number in range(40)])
    )


def test_a_full_queue_drops_steps(path: Path, far: FarDevice) -> None:
    model = Fixed(*[cells(4)] * 5)
    with record(model, path, layers=[PART], queue_bytes=1, on_full="drop") as rec:
        for number in range(5):
            model(samples(4, seed=number))
        far.deliver_each()
    assert (rec.stats().steps, rec.stats().drops) == (1, 4)
    with st.open_trace(path) as trace:
        assert trace.drops.tolist() == [1, 2, 3, 4]


def test_a_failure_while_copies_are_under_way_holds_nobody_up(path: Path, far: FarDevice) -> None:
    model = Fixed(*[cells(4)] * 3)
    path.touch()
    with record(model, path, layers=[PART], overwrite=True) as rec:
        path.unlink()
        path.mkdir()
        model(samples(4))
        wait_until(lambda: rec._writer_thread.has_failed)
        with pytest.warns(RecordWarning, match="recording has stopped"):
            model(samples(4))
        model(samples(4))


def test_memory_of_another_size_takes_the_place_of_the_first(far: FarDevice) -> None:
    memory = PinnedMemory(far)
    far.training = threading.Thread()
    far.deliver_each()
    for size, buffers in ((5, 1), (4, 1), (6, 2), (13, 2), (5, 3)):
        sent = torch.arange(size, dtype=torch.uint8)
        copy = memory.start_copy({"one": sent[:3].bool(), "other": sent})
        found = copy.wait()
        np.testing.assert_array_equal(found["other"], sent)
        assert found["one"].tolist() == [False, True, True]
        copy.free()
        assert len(far.buffers) == buffers


def test_values_of_any_dtype_arrive_in_their_shapes(far: FarDevice) -> None:
    memory = PinnedMemory(far)
    far.training = threading.Thread()
    sent = {
        "odd": torch.ones(3, dtype=torch.bool),
        "labels": torch.tensor([2**40, -1]),
        "inputs": torch.rand(2, 3),
        "numbers": torch.tensor([[300]], dtype=torch.int16),
    }
    copy = memory.start_copy(sent)
    far.deliver_each()
    for name, values in copy.wait().items():
        np.testing.assert_array_equal(values, sent[name])


def test_only_where_it_can_be_done_without_waiting_there_is_a_copier() -> None:
    assert copier_for(torch.device("cpu")) is None
    assert copier_for(torch.device("mps")) is None
    assert copier_for(torch.device("cuda", 1)) is not None
