"""The callback, under Lightning itself."""

from __future__ import annotations

import shutil
import socket
from typing import TYPE_CHECKING, Any

import lightning.pytorch as pl
import numpy as np
import pytest
import pytorch_lightning
import torch
from lightning.fabric import Fabric

import sparsey_trace as st
from sparsey_trace.demo.configurations import DIGITS
from sparsey_trace.demo.model import Sparsey
from sparsey_trace.errors import RecordError, TraceError
from sparsey_trace.recording import record
from sparsey_trace.recording.lightning import SparseyTraceCallback
from tests.faults import times
from tests.recording.lit import LitClassifier, LitSparsey, classifier_callback, features, images, quiet
from tests.recording.models import CLASSIFIER_LAYERS, Classifier, samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.fork_server import ForkServer

# Lightning's own remarks: on loaders, on modules without an optimizer, and on what torch deprecates.
pytestmark = [
    pytest.mark.filterwarnings("ignore::lightning.fabric.utilities.warnings.PossibleUserWarning"),
    pytest.mark.filterwarnings("ignore::lightning_fabric.utilities.warnings.PossibleUserWarning"),
    pytest.mark.filterwarnings("ignore:.*run with no optimizer"),
    pytest.mark.filterwarnings("ignore:.*LeafSpec"),
]


def fit(path: Path, **options: Any) -> None:
    """Train the demo's Sparsey for two epochs of three steps, each with two of validation behind it."""
    callback = SparseyTraceCallback(path, model="net", **options)
    pl.Trainer(**quiet(), callbacks=[callback]).fit(LitSparsey(), images(12), images(8))


def columns(path: Path | str) -> dict[str, Any]:
    with st.open_trace(path) as trace:
        found = {name: getattr(trace.samples, name)[:] for name in ("step", "epoch", "phase", "label")}
        codes = {layer.layout.name: layer.codes[:] for layer in trace.layers}
        return {**found, "inputs": trace.inputs[:], **codes}


def assert_equal(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trace of a fit."""
    path = tmp_path_factory.mktemp("fit") / "run.h5"
    fit(path)
    return path


def test_a_fit_is_recorded_as_record_would(tmp_path: Path, fitted: Path) -> None:
    net = LitSparsey().net
    for x, _ in images(8):
        net.eval()(x)  # the sanity check
    with record(net, tmp_path / "plain.h5") as rec:
        for epoch in range(2):
            for training, loader in ((True, images(12)), (False, images(8))):
                for x, y in loader:
                    rec.epoch, rec.labels = epoch, y
                    net.train(training)(x)
    expected = columns(tmp_path / "plain.h5")
    assert len(expected["step"]) == 40
    assert_equal(columns(fitted), expected)


def test_the_sanity_check_is_not_recorded(fitted: Path) -> None:
    with st.open_trace(fitted) as trace:
        assert trace.samples.step[0] == 0
        assert trace.samples.phase[:].tolist() == 2 * ([0] * 12 + [1] * 8)
        assert trace.closed


def train(*callbacks: Any) -> list[torch.Tensor]:
    """All that gradient descent with momentum leaves behind."""
    torch.manual_seed(3)
    module = LitClassifier()
    trainer = pl.Trainer(**quiet(), callbacks=list(callbacks))
    trainer.fit(module, features(20), features(8))
    state = trainer.optimizers[0].state_dict()["state"].values()
    momenta = [value["momentum_buffer"] for value in state]
    return [*module.outputs, *module.parameters(), *momenta, torch.get_rng_state()]


def test_the_callback_changes_no_bit(tmp_path: Path) -> None:
    plain, recorded = train(), train(classifier_callback(tmp_path / "run.h5"))
    assert len(plain) == len(recorded) > 20
    assert all(map(torch.equal, plain, recorded))
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert (len(trace), trace.config) == (56, {"rate": 0.1})


@pytest.mark.parametrize(
    ("find", "name"), [(lambda module: module.net, "layers.0"), ("net", "layers.0")], ids=["function", "name"]
)
def test_the_model_is_found(tmp_path: Path, find: str | Callable[..., Any], name: str) -> None:
    callback = SparseyTraceCallback(tmp_path / "run.h5", model=find)
    pl.Trainer(**quiet(max_epochs=1), callbacks=[callback]).fit(LitSparsey(), images(4))
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert trace.layers[0].layout.name == name


def test_labels_are_picked_as_told(tmp_path: Path) -> None:
    fit(tmp_path / "none.h5", labels=None)
    fit(tmp_path / "own.h5", labels=lambda batch: -batch[1], ids=lambda batch: batch[1], moment=lambda _: 3)
    assert (columns(tmp_path / "none.h5")["label"] == np.iinfo(np.int64).min).all()
    assert columns(tmp_path / "own.h5")["label"][:4].tolist() == [0, -1, -2, -3]
    with st.open_trace(tmp_path / "own.h5") as trace:
        assert trace.samples.id[:4].tolist() == [0, 1, 2, 3]
        assert set(trace.samples.moment[:].tolist()) == {3}


def test_options_are_those_of_record(tmp_path: Path) -> None:
    fit(tmp_path / "run.h5", phases=["train"], config={"lr": 1})
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert (trace.num_steps, trace.config) == (6, {"lr": 1})
    with pytest.raises(TypeError, match="unexpected keyword argument 'evry'"):
        SparseyTraceCallback("run.h5", evry=2)


class Stop(LitSparsey):
    """Ends its second epoch by raising."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def validation_step(self, batch: list[torch.Tensor], batch_idx: int) -> None:
        if self.trainer.current_epoch == 1:
            raise self.error
        super().validation_step(batch, batch_idx)


@pytest.mark.parametrize(
    ("error", "raised"), [(ZeroDivisionError(), ZeroDivisionError), (KeyboardInterrupt(), SystemExit)]
)
def test_a_fit_that_ends_early_leaves_a_closed_trace(
    tmp_path: Path, error: BaseException, raised: type[BaseException]
) -> None:
    module = Stop(error)
    trainer = pl.Trainer(**quiet(), callbacks=[SparseyTraceCallback(tmp_path / "run.h5", model="net")])
    with pytest.raises(raised):
        trainer.fit(module, images(12), images(8))
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert (len(trace), trace.closed) == (12 + 8 + 12, True)
    assert not any(part._forward_hooks for part in module.modules())


def test_a_fit_from_a_checkpoint_goes_on_in_the_next_file(tmp_path: Path) -> None:
    for epochs, checkpoint in ((1, None), (2, tmp_path / "last.ckpt")):
        callback = SparseyTraceCallback(tmp_path / "run.h5", model="net")
        trainer = pl.Trainer(**quiet(max_epochs=epochs), callbacks=[callback])
        trainer.fit(LitSparsey(), images(12), images(8), ckpt_path=checkpoint)
        trainer.save_checkpoint(tmp_path / "last.ckpt")
    with st.open_trace(tmp_path / "run.1.h5") as trace:
        assert (trace.part.continues, trace.part.first_step) == ("run.h5", 5)
    found = columns(str(tmp_path / "run*.h5"))
    assert found["step"].tolist() == list(np.repeat(range(10), 4))
    assert found["epoch"].tolist() == [0] * 20 + [1] * 20


def test_a_trainer_that_fits_once_more_goes_on_too(tmp_path: Path) -> None:
    callback = SparseyTraceCallback(tmp_path / "run.h5", model="net")
    module, trainer = LitSparsey(), pl.Trainer(**quiet(max_epochs=1), callbacks=[callback])
    trainer.fit(module, images(12))
    trainer.fit_loop.max_epochs = 2
    trainer.fit(module, images(12))
    assert columns(str(tmp_path / "run*.h5"))["epoch"].tolist() == [0] * 12 + [1] * 12


def test_another_fit_replaces_nothing(tmp_path: Path, fitted: Path) -> None:
    shutil.copy(fitted, tmp_path / "run.h5")
    with pytest.raises(TraceError, match="expected no file there, found one"):
        fit(tmp_path / "run.h5")
    fit(tmp_path / "run.h5", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["run.h5"]


def test_checkpoints_come_behind_a_commit(tmp_path: Path) -> None:
    committed = []

    class Look(pl.Callback):
        def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
            trainer.save_checkpoint(tmp_path / "now.ckpt")
            with st.open_trace(tmp_path / "run.h5") as trace:
                committed.append(len(trace))

    callback = SparseyTraceCallback(tmp_path / "run.h5", model="net", commit_every=1000)
    pl.Trainer(**quiet(), callbacks=[callback, Look()]).fit(LitSparsey(), images(12))
    assert committed == [12, 24]


@pytest.mark.skipif(not times(0, 1), reason="make faults tries it: torch.compile takes 8 s")
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
def test_compiled_models_are_recorded_behind_a_sanity_check(tmp_path: Path) -> None:
    net = torch.compile(Classifier(), backend="eager")
    callback = classifier_callback(tmp_path / "run.h5", model="net")
    pl.Trainer(**quiet(max_epochs=1), callbacks=[callback]).fit(LitSparsey(net), features(8), features(4))
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert trace.num_steps == 3


def test_what_fabric_sets_up_is_recorded_under_its_own_names(tmp_path: Path) -> None:
    model = Classifier()
    wrapped = Fabric(accelerator="cpu", devices=1).setup(model)
    with record(wrapped, tmp_path / "run.h5", layers=CLASSIFIER_LAYERS):
        wrapped(samples(3)).sum().backward()
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert [layer.layout.name for layer in trace.layers] == ["encoder.1", "deeper.1"]


def test_trainers_of_the_older_name_take_it_too(tmp_path: Path) -> None:
    class Module(pytorch_lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.automatic_optimization = False
            self.net = Sparsey(DIGITS, seed=5)

        training_step = LitSparsey.training_step
        configure_optimizers = LitSparsey.configure_optimizers

    callback = SparseyTraceCallback(tmp_path / "run.h5", model="net")
    pytorch_lightning.Trainer(**quiet(max_epochs=1), callbacks=[callback]).fit(Module(), images(8))
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert trace.num_steps == 2


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (None, r"^LitSparsey: expected a forward of its own, found none; say which .* model=\"net\"\)$"),
        (
            "nett",
            r"^LitSparsey: model: expected the name of a module in it, found 'nett' \(there are: net\)$",
        ),
    ],
)
def test_a_model_that_is_not_there_is_named(tmp_path: Path, model: str | None, message: str) -> None:
    trainer = pl.Trainer(**quiet(), callbacks=[SparseyTraceCallback(tmp_path / "run.h5", model=model)])
    with pytest.raises(RecordError, match=message):
        trainer.fit(LitSparsey(), images(4))


def test_without_lightning_the_message_says_what_to_install(fork_server: ForkServer) -> None:
    script = (
        "import sys; sys.modules['lightning'] = sys.modules['pytorch_lightning'] = None\n"
        "import sparsey_trace as st; st.SparseyTraceCallback"
    )
    done = fork_server.run(script)
    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: SparseyTraceCallback: expected the package lightning, found it not installed; "
        'run pip install "sparsey-trace[lightning]"'
    )


RANKS = """
import os, sys
from tests.recording.lit import train_as_rank
child = os.fork()
os.environ["LOCAL_RANK"] = "0" if child else "1"
train_as_rank(sys.argv[1])
if child:
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Two ranks in processes that somebody else has started, as Lightning sees it."""


def test_ranks_record_a_file_each_and_go_on_from_a_checkpoint(
    tmp_path: Path, fork_server: ForkServer
) -> None:
    """The module is itself what is recorded, and DistributedDataParallel calls its `training_step` through it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "NODE_RANK": "0", "WORLD_SIZE": "2"}
    done = fork_server.run(RANKS, tmp_path, environment=meeting)
    assert done.returncode == 0, done.stderr
    names = [f"run.rank{rank}{number}.h5" for rank in range(2) for number in ("", ".1")]
    assert sorted(path.name for path in tmp_path.glob("*.h5")) == sorted(names)
    both = columns(str(tmp_path / "run.*.h5"))
    # Of each epoch's 16 training samples a rank has 8, in two steps, and of validation 4, in one.
    assert both["step"].tolist() == list(np.repeat(range(6), 8))
    assert both["epoch"].tolist() == [0] * 24 + [1] * 24
    assert both["phase"].tolist() == 2 * ([0] * 16 + [1] * 8)
    validation = next(iter(features(8).dataset.tensors))
    for epoch in range(2):
        seen = both["inputs"][24 * epoch + 16 : 24 * epoch + 24]
        assert sorted(map(tuple, seen)) == sorted(map(tuple, validation.numpy()))
