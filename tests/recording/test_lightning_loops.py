"""Which loops of a trainer are recorded: validation, test and prediction, in `fit` and by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import lightning.pytorch as pl
import numpy as np
import pytest
import torch

import sparsey_trace as st
from sparsey_trace.errors import UsageError
from sparsey_trace.recording.lightning import SparseyTraceCallback
from sparsey_trace.recording.lightning_loops import Loops
from tests.recording.lit import LitClassifier, LitSparsey, classifier_callback, features, images, quiet

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.filterwarnings("ignore::lightning.fabric.utilities.warnings.PossibleUserWarning"),
    pytest.mark.filterwarnings("ignore:.*run with no optimizer"),
    pytest.mark.filterwarnings("ignore:.*LeafSpec"),
]


class Evaluated(LitSparsey):
    """With all loops, over one data loader or several."""

    def validation_step(self, batch: list[torch.Tensor], batch_idx: int, dataloader_idx: int = 0) -> None:
        self.net(batch[0])

    test_step = validation_step

    def predict_step(self, batch: list[torch.Tensor], batch_idx: int) -> torch.Tensor:
        return self.net(batch[0])


def run_all(path: Path, **options: Any) -> None:
    """Validate, fit with a sanity check and two validation loaders, test, and predict: 2, 3 + 2, 2 and 1 steps."""
    callback = SparseyTraceCallback(path, model="net", **options)
    trainer, module = pl.Trainer(**quiet(max_epochs=1), callbacks=[callback]), Evaluated()
    trainer.validate(module, images(8), verbose=False)
    trainer.fit(module, images(12), [images(4), images(4)])
    trainer.test(module, images(8), verbose=False)
    trainer.predict(module, images(4))
    assert callback.recorder is None


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the loops were recorded by default."""
    folder = tmp_path_factory.mktemp("loops")
    run_all(folder / "run.h5")
    return folder


def test_every_loop_is_recorded_as_evaluation_in_one_run(everything: Path) -> None:
    with st.open_trace(str(everything / "run*.h5")) as trace:
        assert len(trace.paths) == 4
        assert trace.samples.step[:].tolist() == list(np.repeat(range(10), 4))
        assert trace.samples.phase[::4].tolist() == [1, 1, 0, 0, 0, 1, 1, 1, 1, 1]
        assert trace.samples.epoch[::4].tolist() == [0] * 7 + [1] * 3
        assert trace.samples.label[::4].tolist() == [0, 4, 0, 4, 8, 0, 0, 0, 4, 0]
        assert trace.sampling == {}


@pytest.mark.parametrize(
    ("loops", "steps"),
    [
        (["train"], [0, 1, 2]),
        (["validate", "test"], [0, 1, 5, 6, 7, 8]),
        (["train", "sanity_check"], [2, 3, 4, 0, 1]),
    ],
)
def test_what_is_left_out_is_told_and_in_the_trace(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, loops: list[str], steps: list[int]
) -> None:
    caplog.set_level("INFO")
    run_all(tmp_path / "run.h5", loops=loops)
    with st.open_trace(str(tmp_path / "run*.h5")) as trace:
        assert sorted(set(trace.samples.step[:].tolist())) == sorted(steps)
        assert trace.sampling == {"predicate": f"SparseyTraceCallback(loops={loops})"}
    left_out = {"train", "validate", "test", "predict", "sanity_check"} - set(loops)
    told = [record for record in caplog.records if "isn't recorded" in record.getMessage()]
    ours, lightnings = (
        [record.getMessage() for record in told if name in record.name]
        for name in ("sparsey_trace", "lightning")
    )
    assert ours == lightnings
    assert {line.split("'")[1] for line in ours} == left_out
    assert len(ours) == len(left_out)
    assert ours[0].startswith(f"{tmp_path}/run.h5: the loop ")


def test_a_rule_of_the_user_s_holds_beside_loops(tmp_path: Path) -> None:
    run_all(tmp_path / "run.h5", loops=["train"], predicate=lambda step, phase, epoch: step != 1)
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert trace.samples.step[::4].tolist() == [0, 2]
        assert trace.sampling["predicate"].startswith(
            "SparseyTraceCallback(loops=['train']) and tests.recording"
        )


def test_a_callback_replaces_what_was_there_and_not_what_it_recorded(
    tmp_path: Path, everything: Path
) -> None:
    for _ in range(2):  # a cell that is run again
        run_all(tmp_path / "run.h5", overwrite=True)
        with st.open_trace(str(tmp_path / "run*.h5")) as trace:
            assert (len(trace.paths), trace.num_steps) == (4, 10)


def test_a_checkpoint_is_tested_behind_its_run(tmp_path: Path) -> None:
    trainer = pl.Trainer(**quiet(max_epochs=1), callbacks=[classifier_callback(tmp_path / "run.h5")])
    trainer.fit(LitClassifier(), features(8))
    trainer.save_checkpoint(tmp_path / "last.ckpt")

    class Tested(LitClassifier):
        test_step = LitClassifier.validation_step

    trainer = pl.Trainer(**quiet(), callbacks=[classifier_callback(tmp_path / "run.h5")])
    trainer.test(Tested(), features(4), ckpt_path=tmp_path / "last.ckpt", verbose=False)
    with st.open_trace(str(tmp_path / "run*.h5")) as trace:
        assert trace.samples.phase[:].tolist() == [0] * 8 + [1] * 4
        assert trace.samples.step[::4].tolist() == [0, 1, 2]


class TwoSteps(LitClassifier):
    """Optimizes by hand, with two optimizers, over batches of two loaders."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False

    def training_step(self, batch: dict[str, list[torch.Tensor]], batch_idx: int) -> None:
        for (x, y), optimizer in zip(batch.values(), self.optimizers(), strict=True):
            loss = torch.nn.functional.cross_entropy(self(x), y)
            optimizer.zero_grad()
            self.manual_backward(loss)
            optimizer.step()

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:  # type: ignore[override]
        return [torch.optim.SGD(self.parameters(), lr=0.1), torch.optim.Adam(self.parameters())]


def test_ways_of_optimizing_are_passes_like_any_other(tmp_path: Path) -> None:
    accumulated = pl.Trainer(
        **quiet(max_epochs=1),
        accumulate_grad_batches=2,
        callbacks=[classifier_callback(tmp_path / "auto.h5")],
    )
    accumulated.fit(LitClassifier(), features(16), features(4))
    by_hand = pl.Trainer(**quiet(max_epochs=1), callbacks=[classifier_callback(tmp_path / "hand.h5")])
    by_hand.fit(TwoSteps(), {"a": features(8), "b": features(8)})
    with st.open_trace(tmp_path / "auto.h5") as trace:
        assert trace.samples.phase[::4].tolist() == [0, 0, 0, 0, 1]
    with st.open_trace(tmp_path / "hand.h5") as trace:
        assert trace.samples.step[::4].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("train", "^loops: expected a list of one or more of 'train', .* found 'train'$"),
        ([], "found \\[\\]$"),
        (["tests"], r"^loops: expected one of train, .*, found 'tests' \(did you mean test\?\)$"),
    ],
)
def test_loops_are_lightning_s(wanted: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Loops(wanted, None)
