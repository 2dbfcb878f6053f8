"""Steps that can't be recorded: an error while the set-up may be wrong, told and left out later."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

import sparsey_trace as st
from sparsey_trace.errors import DataError, RecordError, RecordWarning, UsageError
from sparsey_trace.recording import record
from tests.recording.models import CLASSIFIER_LAYERS, Classifier, Fixed, OriginalModel, part, samples

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor


def with_nan() -> Tensor:
    batch = samples(2) / 2
    batch[1, 3] = torch.nan
    return batch


def one_hot() -> Tensor:
    return torch.nn.functional.one_hot(torch.zeros(2, 2, 3, dtype=torch.int64), 4).float()


class Skipping(Classifier):
    """Skips a recorded layer in every third pass, as stochastic depth does."""

    passes = 0

    def forward(self, x: Tensor) -> Tensor:
        self.passes += 1
        if self.passes % 3:
            return super().forward(x)
        return self.head(torch.zeros(len(x), 12))


def test_a_mistake_in_the_set_up_is_an_error(path: Path) -> None:
    model = Fixed(torch.ones(2, 2, 3, 4))
    with (
        pytest.warns(
            RecordWarning, match=r"no trace was made: .* was recorded: Fixed: step 0, sample 0: part, MAC"
        ),
        record(model, path, layers=part()),
        pytest.raises(RecordError, match="expected one winner in each of its 3 CMs"),
    ):
        model(samples(2))


def test_a_nan_is_told_of_as_such_and_its_step_left_out(path: Path) -> None:
    model = Classifier()
    with record(model, path, layers=CLASSIFIER_LAYERS) as rec:
        model(samples(2) / 2)
        model(with_nan())
        rec.commit()
        with pytest.warns(RecordWarning) as told:
            model(samples(3))
    assert [str(warning.message) for warning in told] == [
        f"{path}: this step isn't recorded, and training goes on: Classifier: step 1, sample 3: input: expected finite "
        "numbers, found nan in feature 3"
    ]
    assert told[0].filename == __file__
    stats = rec.stats()
    assert (stats.passes, stats.steps, stats.refused, stats.lost) == (3, 2, 1, 0)
    with st.open_trace(path) as trace:
        assert trace.drops.tolist() == [1]
        assert "expected" in trace.drop_reasons[1]
        assert sorted(set(trace.samples.step[:])) == [0, 2]


def test_of_many_small_steps_each_bad_one_is_told_and_no_other_is_lost(path: Path) -> None:
    model = Fixed(*[torch.full((2, 2, 3, 4), 1.0) if number in (3, 7) else one_hot() for number in range(12)])
    with pytest.warns(RecordWarning) as told, record(model, path, layers=part()) as rec:
        for _ in range(12):
            model(samples(2))
    assert "training goes on: Fixed: step 3, sample 6: part, MAC 0: expected one winner" in str(
        told[0].message
    )
    assert "training goes on: Fixed: step 7, sample 12: part, MAC 0: expected one" in str(told[-1].message)
    assert (rec.stats().steps, rec.stats().refused) == (10, 2)
    with st.open_trace(path) as trace:
        assert trace.drops.tolist() == [3, 7]
        assert trace.samples.step[::2].tolist() == [number for number in range(12) if number not in (3, 7)]


@pytest.mark.parametrize("on_bad_step", ["auto", "raise"])
def test_what_is_raised_is_raised_by_its_own_pass(path: Path, on_bad_step: str) -> None:
    model = Classifier()
    with record(model, path, layers=CLASSIFIER_LAYERS, on_bad_step=on_bad_step) as rec:
        if on_bad_step == "raise":
            model(samples(2))
        with pytest.raises(RecordError, match="input: expected finite numbers, found nan in feature 3"):
            model(with_nan())
        model(samples(2))
    assert rec.stats().refused == 0


def test_skipped_layers_are_told_of_now_and_then(path: Path) -> None:
    model = Skipping()
    with pytest.warns(RecordWarning) as told, record(model, path, layers=CLASSIFIER_LAYERS) as rec:
        for _ in range(45):
            model(samples(1))
    counts = [str(warning.message).split(": ", 1)[1].split(",")[0] for warning in told]
    assert counts == [
        "this step isn't recorded",
        "10 steps so far aren't recorded",
        "15 steps so far aren't recorded",
    ]
    assert "left out as bad" in repr(rec)
    with st.open_trace(path) as trace:
        assert trace.drops.tolist() == list(range(2, 45, 3))
        assert trace.num_steps == 30


def test_they_can_always_be_errors(path: Path) -> None:
    model = Skipping()
    with record(model, path, layers=CLASSIFIER_LAYERS, on_bad_step="raise") as rec:
        model(samples(1))
        model(samples(1))
        with pytest.raises(RecordError, match="expected every recorded layer to run"):
            model(samples(1))
        model(samples(1))
    assert (rec.stats().steps, rec.stats().refused) == (3, 0)
    with st.open_trace(path) as trace:
        assert trace.samples.step[:].tolist() == [0, 1, 2]  # a pass that raises has no number


@pytest.mark.parametrize("on_bad_step", ["warn", "skip"])
def test_they_can_be_left_out_from_the_start(
    path: Path, on_bad_step: str, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    caplog.set_level(logging.INFO, "sparsey_trace")
    model = Classifier()
    with record(model, path, layers=CLASSIFIER_LAYERS, on_bad_step=on_bad_step):
        model(with_nan())
        model(samples(2))
    assert [str(told.category.__name__) for told in recwarn] == ["RecordWarning"] * (on_bad_step == "warn")
    assert "input: expected finite numbers, found nan in feature 3" in caplog.text
    with st.open_trace(path) as trace:
        assert (trace.drops.tolist(), trace.samples.step[:].tolist()) == ([0], [1, 1])


def test_what_only_the_writer_sees_is_left_out_as_well(path: Path) -> None:
    model = OriginalModel()
    with (
        pytest.warns(RecordWarning, match="expected zeros and ones"),
        record(model, path, inputs="binary") as rec,
    ):
        model(samples(2))
        model(samples(2) / 2)
        rec.commit()
        model(samples(2))
    stats = rec.stats()
    assert (stats.steps, stats.samples, stats.refused, stats.error) == (2, 4, 1, None)
    with st.open_trace(path) as trace:
        assert (trace.closed, len(trace), trace.drops.tolist()) == (True, 4, [1])


class Broken(nn.Module):
    """Puts out something that torch can't convert."""

    def forward(self, x: Tensor) -> Tensor:
        return x.to_sparse()


def test_an_error_of_torchs_is_one_of_recording(path: Path) -> None:
    model = nn.Sequential(Broken())
    layer = st.WinnerTakeAll("0", num_macs=1, num_cms=2, num_neurons=3)
    with (
        pytest.warns(RecordWarning, match="no trace was made"),
        record(model, path, layers=layer),
        pytest.raises(
            RecordError, match=r"^Sequential: step 0: expected values that can be read, found \w+Error: "
        ),
    ):
        model(samples(2))


def test_another_way_is_refused(path: Path) -> None:
    with pytest.raises(
        UsageError, match="on_bad_step: expected one of auto, raise, warn, skip, found 'ignore'"
    ):
        record(OriginalModel(), path, on_bad_step="ignore")
    with pytest.raises(UsageError, match="calls: expected one of once, last, each, found 'first'"):
        record(OriginalModel(), path, calls="first")
    with pytest.raises(DataError, match="config: expected a mapping"):
        record(OriginalModel(), path, config="lr=1")
