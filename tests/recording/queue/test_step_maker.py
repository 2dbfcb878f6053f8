"""What is kept of a pass as it ends, and that nobody waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import sparsey_trace as st
from sparsey_trace.errors import RecordError
from sparsey_trace.recording import record
from tests.recording.models import Fixed, OriginalModel, samples
from tests.recording.passes import contents
from tests.recording.queue.far_device import PART, FarDevice, cells
from tests.recording.recurrent import RECURRENT_LAYERS, calls_of, each, frames, make_recurrent

if TYPE_CHECKING:
    from pathlib import Path


def test_inputs_are_copied_as_bits_once_it_is_known_that_they_can(path: Path, far: FarDevice) -> None:
    model = OriginalModel()
    far.deliver_each()
    with record(model, path) as rec:
        model(samples(2))
        rec.commit()
        as_floats = rec.stats().bytes
        model(samples(2))
        # The device keeps the whole input until it is known that bits will do again.
        assert rec.stats().bytes - as_floats == as_floats + 2 * 1 + 1
    np.testing.assert_array_equal(contents(path)[1], torch.cat([samples(2)] * 2))


def test_what_bits_do_not_say_is_fetched(path: Path, far: FarDevice) -> None:
    model = OriginalModel()
    far.deliver_each()
    batches = [samples(2), samples(2) / 3, samples(2), samples(2) * 5]
    with record(model, path) as rec:
        for batch in batches:
            model(batch.clone())
            rec.commit()
    np.testing.assert_array_equal(contents(path)[1], torch.cat(batches))


@pytest.mark.parametrize("chosen", [None, each])
def test_moments_on_a_device_are_those_that_a_plain_hook_sees(
    path: Path, far: FarDevice, chosen: Any
) -> None:
    model = make_recurrent()
    kept = calls_of(model, "code")
    far.deliver_each()
    shown = [frames(2, 0), frames(2, 1), frames(2, 2) / 3, frames(2, 3)]  # bits, of which one batch isn't
    with record(model, path, layers=RECURRENT_LAYERS, calls="each", input=chosen) as rec:
        for batch in shown:
            rec.labels = torch.arange(3)
            model(batch.clone())
            rec.commit()
    with st.open_trace(path) as trace:
        np.testing.assert_array_equal(trace.layers["code"].codes[:, 0], np.concatenate(kept))
        assert trace.samples.label[:].tolist() == [0, 1, 2] * 8
        of_calls = [list(batch.unbind(1)) if chosen else [batch.flatten(1)] * 2 for batch in shown]
        np.testing.assert_array_equal(trace.inputs[:], torch.cat([of for calls in of_calls for of in calls]))


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
    monkeypatch.setattr("sparsey_trace.recording.capture.transform_of", lambda _: None)
    far.deliver_each()
    model = Fixed(*[cells(4).to("meta")] * 3)
    with record(model, path, layers=[PART], inputs=inputs, on_bad_step="raise") as rec:
        for device in ("meta", "cpu"):
            rec.labels = torch.zeros(4, dtype=torch.int64, device=device)
            model(torch.full((4, 6), 0.5 if inputs == "float32" else 1.0, device=device))
            rec.commit()
        rec.labels = torch.zeros(3, device="meta")
        with pytest.raises(RecordError, match=r"expected 4 whole numbers, .* found float32 of shape \[3\]"):
            model(torch.ones(4, 6, device="meta"))
    with st.open_trace(path) as trace:
        assert trace.layers[0].active[:].all()
        assert (trace.layers[0].codes[:] == 1).all()
        assert trace.samples.label[:].tolist() == [0x0101010101010101] * 4 + [0] * 4
