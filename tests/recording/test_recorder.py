"""Recording from one end to the other: what was put through a model is what stands in the trace."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import nn

import sparsey_trace as st
from sparsey_trace.errors import RecordError
from sparsey_trace.recording import WinnerTakeAll, record
from tests.recording.models import CLASSIFIER_LAYERS, Classifier, Fixed, OriginalModel, samples
from tests.recording.passes import num_hooks

if TYPE_CHECKING:
    from pathlib import Path


def test_every_pass_is_a_step_of_the_trace(path: Path) -> None:
    model, seen = OriginalModel(), []
    with record(model, path, config={"rate": 0.1}) as rec:
        for epoch in range(2):
            rec.epoch = epoch
            for is_training, count in ((True, 4), (True, 3), (False, 5)):
                model.train(is_training)
                batch = samples(count, seed=len(seen))
                rec.labels = torch.arange(count)
                top = model(batch[..., None])
                lower, upper = model.children()
                seen.append((batch, lower.is_active.clone(), upper.is_active.clone(), top))
    with st.open_trace(path) as trace:
        table = trace.samples.to_pandas()
        counts = [4, 3, 5, 4, 3, 5]
        assert trace.closed
        assert trace.config["rate"] == 0.1
        assert trace.layout.input_shape == (6, 1)
        assert list(table["step"]) == list(np.repeat(range(6), counts))
        assert list(table["epoch"]) == [0] * 12 + [1] * 12
        assert list(table["phase"]) == (["train"] * 7 + ["eval"] * 5) * 2
        assert list(table["label"]) == [label for count in counts for label in range(count)]
        np.testing.assert_array_equal(trace.inputs[:], torch.cat([step[0] for step in seen]))
        np.testing.assert_array_equal(trace.layers[0].active[:], torch.cat([step[1] for step in seen]) != 0)
        active = torch.cat([step[2] for step in seen]) != 0
        np.testing.assert_array_equal(trace.layers[1].active[:], active)
        winners = torch.cat([step[3] for step in seen]).unflatten(-1, (3, 4)).argmax(-1)
        np.testing.assert_array_equal(trace.layers[1].codes[:][active], winners[active])
        assert not active.all()


def test_named_layers_are_recorded_with_the_models_phase(path: Path) -> None:
    model = Classifier()
    with record(model, path, layers=CLASSIFIER_LAYERS):
        model.eval()
        model(samples(3))
        model.train()
        model.encoder.eval()
        model(samples(2))
    with st.open_trace(path) as trace:
        assert [layer.layout.name for layer in trace.layers] == ["encoder.1", "deeper.1"]
        assert list(trace.samples.to_pandas()["phase"]) == ["eval"] * 3 + ["train"] * 2


def test_labels_are_taken_by_one_pass_only(path: Path) -> None:
    model = OriginalModel()
    with record(model, path) as rec:
        rec.labels = [7, 8]
        assert rec.labels == [7, 8]
        model(samples(2))
        assert rec.labels is None
        model(samples(2))
    with st.open_trace(path) as trace:
        assert trace.samples.to_pandas()["label"].tolist()[:2] == [7, 8]
        assert trace.samples.to_pandas()["label"][2:].isna().all()


def test_stats_add_up(path: Path) -> None:
    model = OriginalModel()
    with record(model, path, on_bad_step="raise") as rec:
        model(samples(4))
        with pytest.raises(RuntimeError):
            model(samples(4)[:, :5])
        model(samples(3))
        assert rec.stats().steps == 2
    stats = rec.stats()
    assert (stats.samples, stats.committed, stats.unrecorded) == (7, 7, 1)
    assert (stats.left_out, stats.drops, stats.waits) == (0, 0, 0)
    # A sample: 6 features as float32, 5 MACs of 3 winners as uint8 and one flag.
    assert stats.bytes == 7 * (6 * 4 + 5 * 3 + 5)
    assert 0 < stats.queue_high_water <= stats.bytes
    assert stats.seconds > stats.seconds_waited == 0
    assert repr(rec) == f"<Recorder {path}: 7 samples, 2 steps, closed>"


@pytest.mark.parametrize(
    ("batch", "dtype"),
    [
        (torch.tensor([[0.0, 1, 1, 0, 1, 0]]), np.uint8),
        (torch.tensor([[False, True, True, False, True, False]]), np.uint8),
        (torch.tensor([[0, 255, 3, 0, 1, 0]], dtype=torch.uint8), np.uint8),
        (torch.tensor([[0, 70000, 3, 0, 1, 0]]), np.int32),
        (torch.tensor([[0.5, 1, 1, 0, 1, 0]], dtype=torch.float16), np.float16),
        (torch.tensor([[0.5, 1, 1, 0, 1, 0]], dtype=torch.bfloat16), np.float32),
        (torch.tensor([[0.5, 1, 1, 0, 1, 0]], dtype=torch.float64, requires_grad=True), np.float32),
    ],
)
def test_inputs_of_any_real_dtype(path: Path, batch: torch.Tensor, dtype: type) -> None:
    model = Fixed(torch.ones(1, 1, 1, 1))
    with record(model, path, layers=[WinnerTakeAll("part", num_macs=1, num_cms=1, num_neurons=1)]):
        model(batch)
    with st.open_trace(path) as trace:
        assert trace.inputs[:].dtype == dtype
        np.testing.assert_array_equal(trace.inputs[:], batch.detach().float())


def test_a_blank_first_batch_decides_nothing(path: Path) -> None:
    model, batches = OriginalModel(), [torch.zeros(1, 6), *[torch.rand(8, 6) for _ in range(5)], samples(3)]
    with record(model, path, commit_samples=1) as rec:
        for number, batch in enumerate(batches):
            if number == 1:
                rec.commit()
            model(batch)
    assert (rec.stats().steps, rec.stats().samples) == (7, 44)
    with st.open_trace(path) as trace:
        assert (trace.input_kind, trace.closed, trace.losses) == ("float32", True, {})
        np.testing.assert_array_equal(trace.inputs[:], torch.cat(batches))


def test_inputs_can_be_left_out(path: Path) -> None:
    model = OriginalModel()
    with record(model, path, inputs="none"):
        model(samples(2))
    with st.open_trace(path) as trace:
        assert "inputs" not in trace.fields
        assert len(trace) == 2


def test_the_input_may_be_a_keyword(path: Path) -> None:
    model = OriginalModel()
    with record(model, path):
        model(x=samples(2))
    with st.open_trace(path) as trace:
        np.testing.assert_array_equal(trace.inputs[:], samples(2))


def test_epochs_count_from_0(path: Path) -> None:
    with pytest.warns(UserWarning, match="no trace was made"), record(OriginalModel(), path) as rec:
        assert rec.epoch == 0
        with pytest.raises(RecordError, match="epoch: expected a whole number of 0 or more, found -1"):
            rec.epoch = -1
        with pytest.raises(RecordError, match=r"epoch: expected a whole number of 0 or more, found 1\.0"):
            rec.epoch = 1.0  # type: ignore[assignment]


def test_names_that_are_misspelt_are_refused(path: Path) -> None:
    model = OriginalModel()
    with record(model, path) as rec:
        with pytest.raises(AttributeError, match=r"no 'label' to set; .* \(did you mean labels\?\)"):
            rec.label = [1, 2]  # type: ignore[attr-defined]
        with pytest.raises(
            AttributeError,
            match=r"no 'phase' to set; expected one of epoch, labels, ids, sequence, moment$",
        ):
            rec.phase = "eval"  # type: ignore[attr-defined]
        model(samples(2))


def test_ids_sequences_and_moments_are_taken_by_one_pass_too(path: Path) -> None:
    model, batch = OriginalModel(), samples(3)
    with record(model, path) as rec:
        rec.ids, rec.sequence, rec.moment = torch.tensor([5, 2**40, 0]), 7, [0, 1, 2]
        rec.labels = [1, 2, 3]
        model(batch)
        assert (rec.ids, rec.sequence, rec.moment) == (None, None, None)
        model(batch)
        rec.ids = [1, 2]
        with pytest.warns(
            st.errors.RecordWarning, match="ids: expected 3 whole numbers, one for each sample"
        ):
            model(batch)
    with st.open_trace(path) as trace:
        table = trace.samples.to_pandas()[["id", "sequence", "moment", "label"]]
    assert table[:3].to_numpy().tolist() == [[5, 7, 0, 1], [2**40, 7, 1, 2], [0, 7, 2, 3]]
    assert table[3:].isna().all(axis=None)


def test_labels_may_stay_until_they_are_set_anew(path: Path) -> None:
    model = OriginalModel()
    with record(model, path) as rec:
        rec.set_labels([1, 2], keep=True)
        model(samples(2))
        model(samples(2))
        rec.labels = [3, 4]
        model(samples(2))
        model(samples(2))
    with st.open_trace(path) as trace:
        labels = trace.samples.to_pandas()["label"]
        assert labels[:6].tolist() == [1, 2, 1, 2, 3, 4]
        assert labels[6:].isna().all()


def test_paused_passes_are_no_steps(path: Path) -> None:
    model = OriginalModel()
    with record(model, path) as rec:
        rec.labels = [1, 2]
        with rec.paused():
            model(samples(3))
            with rec.paused():
                model(samples(3))
            model(samples(3))
        model(samples(2))
    assert (rec.stats().passes, rec.stats().steps) == (1, 1)
    with st.open_trace(path) as trace:
        assert trace.samples.label[:].tolist() == [1, 2]


def test_the_last_of_several_calls_is_recorded_on_request(path: Path) -> None:
    class Unrolled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.Identity()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for winner in range(3):
                out = self.cell(torch.full((len(x), 1, 1), winner))
            return out

    model = Unrolled()
    layer = WinnerTakeAll("cell", num_macs=1, num_cms=1, num_neurons=3)
    with (
        pytest.warns(UserWarning, match="no trace was made"),
        record(model, path, layers=layer),
        pytest.raises(RecordError, match=r"expected one call .*, found a second; record\(…, calls='last'\)"),
    ):
        model(samples(2))
    with record(model, path, layers=layer, calls="last", overwrite=True):
        model(samples(2))
    with st.open_trace(path) as trace:
        assert trace.layers[0].codes[:].ravel().tolist() == [2, 2]


def test_without_a_pass_there_is_a_warning_and_no_file(path: Path) -> None:
    with pytest.warns(
        UserWarning, match=r"run\.h5: no trace was made: no forward pass .* was recorded"
    ) as told:
        record(OriginalModel(), path).close()
    assert str(told[0].message).endswith(
        "; if another one ran, such as a copy that a trainer made, record that one"
    )
    assert not path.exists()


def test_passes_that_were_all_left_out_are_named_as_the_reason(path: Path) -> None:
    model = OriginalModel()
    with (
        pytest.warns(
            UserWarning, match="no forward .* recorded: every, phases or a predicate left out 2 of 2$"
        ),
        record(model, path, phases=["eval"]),
    ):
        model(samples(2))
        model(samples(2))
    assert not path.exists()


def test_an_optimizer_beside_passes_that_were_seen_is_no_reason(path: Path) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(6, 4))
    layer = WinnerTakeAll("0", num_macs=1, num_cms=1, num_neurons=4)
    with (
        pytest.warns(UserWarning, match=r"left out 1 of 1$"),
        record(model, path, layers=layer, phases=["eval"]),
    ):
        model(samples(2)).sum().backward()
        torch.optim.SGD(model.parameters()).step()


def test_passes_without_samples_are_named_as_the_reason(path: Path) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(6, 4))
    layer = WinnerTakeAll("0", num_macs=1, num_cms=1, num_neurons=4)
    with (
        pytest.warns(UserWarning, match=r"was recorded: of 1 that began none ended with samples$"),
        record(model, path, layers=layer),
    ):
        model(samples(0))


def test_closing_takes_the_hooks_off_and_may_be_repeated(path: Path) -> None:
    model = OriginalModel()
    rec = record(model, path)
    assert num_hooks(model) == 4
    model(samples(2))
    rec.close()
    rec.close()
    assert num_hooks(model) == 0
    model(samples(2))
    with st.open_trace(path) as trace:
        assert len(trace) == 2


def test_an_error_in_the_body_passes_and_leaves_a_sound_trace(path: Path) -> None:
    model = OriginalModel()
    with pytest.raises(KeyError, match="mine"), record(model, path):
        model(samples(2))
        raise KeyError("mine")  # noqa: EM101
    assert num_hooks(model) == 0
    with st.open_trace(path) as trace:
        assert trace.closed
        assert len(trace) == 2


def test_two_models_at_once(tmp_path: Path) -> None:
    first, second = OriginalModel(), Classifier()
    with (
        record(first, tmp_path / "first.h5"),
        record(second, tmp_path / "second.h5", layers=CLASSIFIER_LAYERS),
    ):
        first(samples(2))
        second(samples(3))
        first(samples(4))
    with st.open_trace(tmp_path / "first.h5") as one, st.open_trace(tmp_path / "second.h5") as other:
        assert (len(one), one.num_steps) == (6, 2)
        assert (len(other), other.num_steps) == (3, 1)


def test_two_recorders_on_one_model(tmp_path: Path) -> None:
    model = OriginalModel()
    with record(model, tmp_path / "whole.h5"):
        model(samples(2))
        with record(model, tmp_path / "part.h5"):
            model(samples(3))
    with st.open_trace(tmp_path / "whole.h5") as whole, st.open_trace(tmp_path / "part.h5") as part:
        assert (len(whole), len(part)) == (5, 3)


def test_from_another_thread(path: Path) -> None:
    model = OriginalModel()

    def train() -> None:
        with record(model, path):
            model(samples(2))

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    with st.open_trace(path) as trace:
        assert len(trace) == 2


def test_passes_of_many_threads_stay_whole(path: Path) -> None:
    model = Classifier().eval()
    with record(model, path, layers=CLASSIFIER_LAYERS):
        threads = [
            threading.Thread(target=lambda n=count: [model(samples(n, seed=n)) for _ in range(10)])
            for count in (2, 3, 5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with st.open_trace(path) as trace:
        steps = trace.samples.to_pandas()["step"].to_numpy()
        assert trace.num_steps == 30
        for step in range(30):
            batch = trace.inputs[:][steps == step]
            np.testing.assert_array_equal(batch, samples(len(batch), seed=len(batch)))
