"""Layers on an accelerator, which is far away here: nobody who trains waits, and the trace is the host's."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import sparsey_trace as st
from sparsey_trace.errors import RecordError, RecordWarning
from sparsey_trace.recording import WinnerTakeAll, record
from sparsey_trace.recording.queue.device_copy import PinnedMemory, copier_for
from tests.recording.models import Fixed, OriginalModel, samples
from tests.recording.queue.far_device import RUBBISH, FarDevice
from tests.recording.queue.slow_disk import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

NUM_STEPS = 20
PART = WinnerTakeAll("part", num_macs=2, num_cms=3, num_neurons=4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.h5"


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> FarDevice:
    """Where every tensor is, as far as recording knows."""
    return far_away(monkeypatch)


def far_away(monkeypatch: pytest.MonkeyPatch) -> FarDevice:
    far = FarDevice()
    monkeypatch.setattr("sparsey_trace.recording.queue.step_maker.copier_for", lambda _: far)
    monkeypatch.setattr("sparsey_trace.recording.steps.winners.is_on_host", lambda _: False)
    return far


def cells(size: int, *, seed: int = 0) -> Tensor:
    """[B, 2, 3, 4], one on in each CM."""
    winners = torch.randint(4, (size, 2, 3), generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.one_hot(winners, 4).float()


def contents(path: Path) -> list[np.ndarray]:
    with st.open_trace(path) as trace:
        assert trace.closed
        columns = [trace.samples.step[:], *([trace.inputs[:]] if "inputs" in trace.fields else [])]
        return columns + [view[:] for layer in trace.layers for view in (layer.codes, layer.active)]


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


def test_inputs_are_copied_as_bits_once_it_is_known_that_they_can(path: Path, far: FarDevice) -> None:
    model = OriginalModel()
    far.deliver_each()
    with record(model, path) as rec:
        model(samples(2))
        rec.commit()
        as_floats = rec.stats().bytes
        model(samples(2))
        assert rec.stats().bytes - as_floats == as_floats - 2 * 6 * 4 + 2 * 1 + 1
    np.testing.assert_array_equal(contents(path)[1], torch.cat([samples(2)] * 2))


class Watch(TorchDispatchMode):
    """Refuses what makes a host wait for its device."""

    WAITING = ("_local_scalar_dense", "nonzero", "is_nonzero", "equal", "item", "masked_select", "unique")

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        assert name not in self.WAITING, name
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("inputs", ["auto", "binary", "none"])
def test_hooks_do_not_wait_for_the_device(
    path: Path, far: FarDevice, monkeypatch: pytest.MonkeyPatch, inputs: str
) -> None:
    model = Fixed(*[cells(4, seed=number) for number in range(6)])

    def refuse(*_: Any) -> None:
        msg = "waited for the device"
        raise AssertionError(msg)

    with record(model, path, layers=[PART], inputs=inputs) as rec:
        with Watch(), monkeypatch.context() as patch:
            for name in ("item", "tolist", "cpu", "numpy", "__bool__", "__int__", "__float__", "__array__"):
                patch.setattr(torch.Tensor, name, refuse)
            for number in range(6):
                model(samples(4, seed=number))
        far.deliver_each()
    assert rec.stats().steps == 6
    with st.open_trace(path) as trace:
        expected = torch.cat([cells(4, seed=number) for number in range(6)]).argmax(dim=-1)
        np.testing.assert_array_equal(trace.layers[0].codes[:], expected)


@pytest.mark.parametrize("inputs", ["auto", "binary", "float32"])
def test_hooks_do_not_need_any_value(
    path: Path, far: FarDevice, monkeypatch: pytest.MonkeyPatch, inputs: str
) -> None:
    def copier(device: torch.device) -> FarDevice | None:
        return far if device.type == "meta" else None

    monkeypatch.setattr("sparsey_trace.recording.queue.step_maker.copier_for", copier)
    far.deliver_each()
    model = Fixed(*[cells(4).to("meta")] * 3)
    with record(model, path, layers=[PART], inputs=inputs) as rec:
        for device in ("meta", "cpu"):
            rec.labels = torch.zeros(4, dtype=torch.int64, device=device)
            model(torch.full((4, 6), 0.5 if inputs == "float32" else 1, device=device))
            rec.commit()
        rec.labels = torch.zeros(3, device="meta")
        with pytest.raises(RecordError, match=r"expected 4 whole numbers, .* found float32 of shape \[3\]"):
            model(torch.ones(4, 6, device="meta"))
    with st.open_trace(path) as trace:
        assert trace.layers[0].active[:].all()
        assert (trace.layers[0].codes[:] == 1).all()
        assert trace.samples.label[:].tolist() == [0x0101010101010101] * 4 + [0] * 4


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


FOUND = (
    r"^Fixed: step 1, sample 4: part, MAC 0: expected one winner in each of its 3 CMs \(one non-zero cell of 4, or a "
    r"whole number from 0 to 3\), or none at all, found neither"
)


def test_what_is_found_late_is_an_error_of_the_next_pass(path: Path, far: FarDevice) -> None:
    model = Fixed(cells(4), torch.ones(4, 2, 3, 4), cells(4), cells(4))
    far.deliver_each()
    with record(model, path, layers=[PART]) as rec:
        model(samples(4))
        model(samples(4))
        rec.commit()
        with pytest.raises(RecordError, match=f"{FOUND}$"):
            model(samples(4))
        assert (rec.stats().steps, rec.stats().samples, rec.stats().unrecorded) == (1, 4, 2)
        model(samples(4))
    with st.open_trace(path) as trace:
        assert trace.samples.step[::4].tolist() == [0, 2]


def test_many_steps_found_wrong_are_one_error(path: Path, far: FarDevice) -> None:
    model = Fixed(cells(4), torch.ones(4, 2, 3, 4), cells(4), torch.ones(4, 2, 3, 4))
    with record(model, path, layers=[PART]) as rec:
        for _ in range(4):
            model(samples(4))
        far.deliver_each()
        rec.commit()
        with pytest.raises(RecordError, match=rf"{FOUND} \(and 1 more steps aren't recorded\)$"):
            model(samples(4))
        assert rec.stats().steps == 2


def test_what_is_found_after_the_last_pass_is_an_error_of_close(path: Path, far: FarDevice) -> None:
    model, broken = Fixed(cells(2), cells(2)), torch.tensor([[0.5] * 6, [1, 2, float("nan"), 4, 5, 6]])
    rec = record(model, path, layers=[PART], on_error="warn")
    far.deliver_each()
    model(broken.nan_to_num())
    model(broken)
    with pytest.raises(
        RecordError, match=r"Fixed: step 1, sample 3: input: expected finite numbers, found nan in feature 2"
    ):
        rec.close()
    rec.close()
    assert len(contents(path)[0]) == 2


def test_what_is_found_late_is_noted_on_an_error_of_the_body(path: Path, far: FarDevice) -> None:
    model = Fixed(cells(4), torch.ones(4, 2, 3, 4))
    far.deliver_each()
    with pytest.raises(KeyError) as caught, record(model, path, layers=[PART]):
        model(samples(4))
        model(samples(4))
        raise KeyError
    assert caught.value.__notes__[0].startswith("Fixed: step 1, sample 4: part, MAC 0: expected one winner")


def test_an_input_that_is_not_binary_any_more_ends_recording(path: Path, far: FarDevice) -> None:
    model = Fixed(*[cells(4)] * 3)
    far.deliver_each()
    with record(model, path, layers=[PART], on_error="raise") as rec:
        model(samples(4))
        rec.commit()
        model(samples(4) / 2)
        with pytest.raises(
            RecordError, match=r"step 1: inputs: expected zeros and ones, .* \(4 samples are safe"
        ):
            rec.commit()
        model(samples(4))
    assert len(contents(path)[0]) == 4


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
