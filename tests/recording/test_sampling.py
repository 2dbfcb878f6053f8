"""Recording a part: some steps, some phases, some layers; and what the trace says of it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

import sparsey_trace as st
from sparsey_trace.errors import RecordError, UsageError
from sparsey_trace.recording import WinnerTakeAll, record
from tests.recording.models import CLASSIFIER_LAYERS, Classifier, OriginalModel, samples

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from sparsey_trace.recording.stats import Stats


def train(path: Path, **options: Any) -> Stats:
    """Twelve passes of two samples in three epochs, every fourth of them in evaluation."""
    model = OriginalModel()
    with record(model, path, **options) as rec:
        for number in range(12):
            rec.epoch, rec.labels = number // 4, [number, number]
            model.train(number % 4 != 3)
            model(samples(2, seed=number))
    return rec.stats()


@pytest.mark.parametrize(
    ("options", "kept", "said"),
    [
        ({}, range(12), {}),
        ({"every": 1, "phases": {"train", "eval"}}, range(12), {}),
        ({"every": 5}, [0, 5, 10], {"every": 5}),
        ({"phases": ["eval"]}, [3, 7, 11], {"phases": ["eval"]}),
        ({"phases": ("train",), "every": 3}, [0, 6, 9], {"phases": ["train"], "every": 3}),
    ],
)
def test_steps_keep_their_numbers(
    path: Path, options: dict[str, Any], kept: list[int], said: dict[str, Any]
) -> None:
    stats = train(path, **options)
    assert (stats.steps, stats.left_out) == (len(kept), 12 - len(kept))
    assert (stats.unrecorded, stats.drops) == (12 - len(kept), 0)
    with st.open_trace(path) as trace:
        table = trace.samples.to_pandas()
        expected = np.repeat(kept, 2)
        assert trace.sampling == said
        assert table["step"].tolist() == expected.tolist()
        assert table["label"].tolist() == expected.tolist()
        assert table["epoch"].tolist() == (expected // 4).tolist()
        assert table["phase"].tolist() == ["eval" if number % 4 == 3 else "train" for number in expected]
        np.testing.assert_array_equal(trace.inputs[:], torch.cat([samples(2, seed=n) for n in kept]))


def test_a_predicate_is_asked_of_the_steps_that_the_others_agree_to(path: Path) -> None:
    asked = []

    def is_interesting(step: int, phase: str, epoch: int) -> bool:
        asked.append((step, phase, epoch))
        return epoch == 1

    train(path, every=2, phases=["train"], predicate=is_interesting)
    assert asked == [(step, "train", step // 4) for step in range(0, 12, 2)]
    with st.open_trace(path) as trace:
        assert trace.samples.step[::2].tolist() == [4, 6]
        name = f"{__name__}.{is_interesting.__qualname__}"
        assert trace.sampling == {"every": 2, "phases": ["train"], "predicate": name}


def test_an_error_of_the_predicate_is_an_error_of_the_pass(path: Path) -> None:
    model, divisors = OriginalModel(), [0, 1]
    with record(model, path, predicate=lambda *_: bool(1 // divisors.pop(0))) as rec:
        with pytest.raises(RecordError, match="found ZeroDivisionError"):
            model(samples(2))
        model(samples(2))
        assert (rec.stats().steps, rec.stats().left_out, rec.stats().unrecorded) == (1, 0, 1)


def test_passes_that_raise_have_no_number(path: Path) -> None:
    model = OriginalModel()
    with record(model, path, every=2, on_bad_step="raise") as rec:
        model(samples(2, seed=0))
        with pytest.raises(RuntimeError, match="invalid for input"):
            model(torch.ones(2, 7))
        model(samples(2, seed=1))
        rec.labels = [1]
        with pytest.raises(RecordError, match="step 2: labels: expected 2 whole numbers"):
            model(samples(2, seed=2))
        model(samples(2, seed=3))
        assert (rec.stats().steps, rec.stats().left_out, rec.stats().unrecorded) == (2, 1, 3)
    with st.open_trace(path) as trace:
        assert trace.samples.step[:].tolist() == [0, 0, 2, 2]
        np.testing.assert_array_equal(trace.inputs[2:], samples(2, seed=3))


def test_passes_left_out_are_not_looked_at(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Odd(Classifier):
        """Skips a layer, calls another twice, takes no tensor: all of that is nobody's business."""

        def forward(self, x: Any) -> Any:
            if isinstance(x, str):
                return self.deeper(self.deeper[1](torch.ones(2, 24)))
            return super().forward(x)

    def refuse(*_: Any) -> None:
        pytest.fail("this pass isn't recorded")

    model = Odd()
    with record(model, path, layers=CLASSIFIER_LAYERS, every=2) as rec:
        model(samples(2))
        with monkeypatch.context() as patch:
            patch.setattr(WinnerTakeAll, "read", refuse)
            patch.setattr("sparsey_trace.recording.queue.step_maker.copied_inputs", refuse)
            rec.labels = "used up, unseen"
            model("no tensor")
        assert rec.labels is None
        model(samples(3))
    with st.open_trace(path) as trace:
        assert trace.samples.step[:].tolist() == [0, 0, 2, 2, 2]
        assert trace.samples.to_pandas()["label"].isna().all()


@pytest.mark.parametrize("every", [1, 2, 3])
def test_a_model_that_calls_itself_is_an_error_if_left_out_too(path: Path, every: int) -> None:
    class Nested(Classifier):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) + (self(x[:2]).sum() if len(x) == 4 else 0)

    model = Nested()
    with record(model, path, layers=CLASSIFIER_LAYERS, every=every, on_bad_step="raise"):
        model(samples(2))
        with pytest.raises(RecordError, match="found one that was given up: the model calls itself"):
            model(samples(4))
        model(samples(3))
    with st.open_trace(path) as trace:
        assert (
            trace.samples.step[:].tolist() == {1: [0, 0, 1, 1, 2, 2, 2], 2: [0, 0, 2, 2, 2], 3: [0, 0]}[every]
        )


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"every": 0}, UsageError, "every: expected a whole number of 1 or more, found 0"),
        ({"every": 2.5}, UsageError, "every: expected a whole number of 1 or more, found 2.5"),
        (
            {"phases": "train"},
            UsageError,
            "phases: expected a list of one or more of 'train', 'eval', found 'train'",
        ),
        ({"phases": []}, UsageError, "phases: expected a list of one or more of 'train', 'eval', found []"),
        (
            {"phases": ["test"]},
            UsageError,
            "phases: expected a list of one or more of 'train', 'eval', found ['test']",
        ),
        (
            {"predicate": "step < 3"},
            UsageError,
            "predicate: expected a function (step, phase, epoch) -> bool, found 'step < 3'",
        ),
        (
            {"layers": [0]},
            UsageError,
            "layers: expected names, WinnerTakeAll(…) or adapters, which have name, layout, read and is_training, "
            "found 0 without name, layout, read, is_training",
        ),
        (
            {"layers": ["Layer_2"]},
            RecordError,
            "OriginalModel: expected a module named 'Layer_2', found none (did you mean Layer_1?)",
        ),
    ],
)
def test_what_could_not_be_recorded(
    path: Path, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        record(OriginalModel(), path, **options)
    assert str(caught.value) == message


@pytest.mark.parametrize("end", ["close", "kill"])
@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"every": 5}, [0, 5, 10, 15, 20]),
        ({"predicate": lambda step, *_: step in {1, 14, 23}}, [1, 14, 23]),
        ({"phases": ["eval"]}, [3, 7, 11, 15, 19, 23]),
    ],
)
def test_passes_are_counted_on_across_a_resume(
    path: Path, end: str, options: dict[str, Any], kept: list[int]
) -> None:
    model = OriginalModel()
    for first in (0, 12):
        rec = record(model, path, resume=True, **options)
        for number in range(first, first + 12):
            rec.labels = [number, number]
            model.train(number % 4 != 3)
            model(samples(2))
        if end == "kill" and not first:
            rec.commit()
            shutil.copy(path, path.with_suffix(".killed"))
            rec.close()
            path.with_suffix(".killed").replace(path)
        rec.close()
    with st.open_trace(path.with_name(f"{path.stem}*.h5")) as trace:
        assert trace.closed
        assert trace.samples.step[::2].tolist() == trace.samples.label[::2].tolist() == kept
