"""What is found wrong with a step after its pass, when its values are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

import sparsey_trace as st
from sparsey_trace.errors import RecordError, RecordWarning
from sparsey_trace.recording import record
from tests.recording.models import Fixed, samples
from tests.recording.passes import contents
from tests.recording.queue.far_device import PART, FarDevice, cells

if TYPE_CHECKING:
    from pathlib import Path


FOUND = (
    r"^Fixed: step 1, sample 4: part, MAC 0: expected one winner in each of its 3 CMs \(one non-zero cell of 4, or a "
    r"whole number from 0 to 3\), or none at all, found neither"
)


def test_what_is_found_late_is_an_error_of_the_next_pass(path: Path, far: FarDevice) -> None:
    model = Fixed(cells(4), torch.ones(4, 2, 3, 4), cells(4), cells(4))
    far.deliver_each()
    with record(model, path, layers=[PART], on_bad_step="raise") as rec:
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
    with record(model, path, layers=[PART], on_bad_step="raise") as rec:
        for _ in range(4):
            model(samples(4))
        far.deliver_each()
        rec.commit()
        with pytest.raises(RecordError, match=rf"{FOUND} \(and 1 more steps aren't recorded\)$"):
            model(samples(4))
        assert rec.stats().steps == 2


def test_what_is_found_after_the_last_pass_is_an_error_of_close(path: Path, far: FarDevice) -> None:
    model, broken = Fixed(cells(2), cells(2)), torch.tensor([[0.5] * 6, [1, 2, float("nan"), 4, 5, 6]])
    rec = record(model, path, layers=[PART], on_bad_step="raise")
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
    with pytest.raises(KeyError) as caught, record(model, path, layers=[PART], on_bad_step="raise"):
        model(samples(4))
        model(samples(4))
        raise KeyError
    assert caught.value.__notes__[0].startswith("Fixed: step 1, sample 4: part, MAC 0: expected one winner")


def test_an_input_that_is_not_binary_is_told_of_and_left_out(path: Path, far: FarDevice) -> None:
    model = Fixed(*[cells(4)] * 3)
    far.deliver_each()
    with record(model, path, layers=[PART], inputs="binary") as rec:
        model(samples(4))
        model(samples(4) / 2)
        rec.commit()
        with pytest.warns(RecordWarning, match="step 1: inputs: expected zeros and ones"):
            model(samples(4))
    assert len(contents(path)[0]) == 8
    with st.open_trace(path) as trace:
        assert trace.drops.tolist() == [1]
