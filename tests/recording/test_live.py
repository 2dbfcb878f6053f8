"""One recorder a path and process: cells run again, recorders that nobody holds, and the end of the process."""

from __future__ import annotations

import gc
import threading
import warnings
import weakref
from typing import TYPE_CHECKING

import pytest
from torch.optim.optimizer import _global_optimizer_post_hooks

import sparsey_trace as st
from sparsey_trace.errors import TraceError
from sparsey_trace.recording import record
from tests.recording.models import CLASSIFIER_LAYERS, Classifier, OriginalModel, samples
from tests.recording.passes import num_hooks

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fork_server import ForkServer


@pytest.mark.parametrize("is_held", [True, False])
def test_a_cell_that_is_run_again_gets_the_second_run(path: Path, *, is_held: bool) -> None:
    recorders = []
    for run in (1, 2, 3):
        model = OriginalModel()
        rec = record(model, path, overwrite=True)
        recorders += [rec] if is_held else []
        for _ in range(run):
            model(samples(4))
        del rec
    st.recording.record(model, path, overwrite=True)  # closes the third, whole
    with st.open_trace(path) as trace:
        assert (trace.closed, trace.num_steps) == (True, 3)
    assert all(rec.is_closed for rec in recorders)


def test_a_run_that_is_resumed_again_goes_on_behind_the_first(path: Path) -> None:
    model = OriginalModel()
    for _ in range(3):
        record(model, path, resume=True)
        model(samples(2))
    assert num_hooks(model) == 4
    with record(model, path, resume=True):
        model(samples(2))
    with st.open_trace(str(path.with_name("run*.h5"))) as trace:
        assert (trace.closed, trace.samples.step[:].tolist()) == (True, [0, 0, 1, 1, 2, 2, 3, 3])


def test_a_path_that_is_recorded_to_is_refused_by_name(path: Path) -> None:
    model = OriginalModel()
    with record(model, path) as rec:
        with pytest.raises(TraceError) as caught:
            record(OriginalModel(), path)
        model(samples(2))
    assert str(caught.value) == (
        f"{path}: expected no recording there, found one of this process under way: <Recorder {path}: 0 samples, 0 "
        "steps, on>; close it, choose another name, or pass overwrite=True to close it and begin anew"
    )
    assert rec.stats().samples == 2


def test_a_path_that_another_writes_to_is_refused_before_training(path: Path) -> None:
    layout = st.Layout(
        num_features=1,
        layers=[st.LayerLayout(name="v", num_macs=1, num_cms=1, num_neurons=1, connections=[[0]])],
    )
    with (
        st.TraceWriter(path, layout),
        pytest.raises(TraceError, match="expected that nobody else writes there, found that this process"),
    ):
        record(OriginalModel(), path, overwrite=True)


def test_a_statement_records_until_its_model_ends(path: Path) -> None:
    model = OriginalModel()
    record(model, path)
    gc.collect()
    model(samples(2))
    writer = next(thread for thread in threading.enumerate() if thread.name == "sparsey-trace-writer")
    del model
    gc.collect()
    writer.join(60)
    with st.open_trace(path) as trace:
        assert (trace.closed, len(trace)) == (True, 2)


def test_so_does_one_of_a_model_that_optimizers_can_move(path: Path) -> None:
    watching = len(_global_optimizer_post_hooks)
    model = Classifier()
    record(model, path, layers=CLASSIFIER_LAYERS)
    model(samples(2))
    ended = weakref.ref(model)
    writer = next(thread for thread in threading.enumerate() if thread.name == "sparsey-trace-writer")
    del model
    gc.collect()
    writer.join(60)
    assert (ended(), len(_global_optimizer_post_hooks)) == (None, watching)


def test_without_a_pass_the_lock_goes_with_the_recorder(path: Path) -> None:
    record(OriginalModel(), path)
    gc.collect()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        record(OriginalModel(), path).__exit__(KeyError, KeyError(), None)
    assert list(path.parent.iterdir()) == []


AT_EXIT = """
import atexit, sys, threading, time, torch
from sparsey_trace.recording import record
from tests.recording.models import CLASSIFIER_LAYERS, Classifier, OriginalModel, samples
model = OriginalModel()
atexit.register(lambda: print("evaluated", model(samples(3)).shape, len(model._forward_hooks)))
rec = record(model, sys.argv[1])
model(samples(2))
"""


@pytest.mark.parametrize(
    "more",
    [
        "",
        "del rec",
        "threading.Thread(target=lambda: (threading.main_thread().join(), model(samples(1))), daemon=True).start()",
    ],
)
def test_hooks_are_off_when_the_process_ends(path: Path, fork_server: ForkServer, more: str) -> None:
    done = fork_server.run(AT_EXIT + more, path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("evaluated torch.Size([3, 2, 12]) 0")
    with st.open_trace(path) as trace:
        assert trace.closed
        assert len(trace) == 2 or "Thread" in more


INTERRUPTED = """
import sys, threading, time, torch
from sparsey_trace.recording import record
from tests.recording.models import CLASSIFIER_LAYERS, Classifier, OriginalModel, samples
model, start, is_first = OriginalModel(), threading.Thread.start, []
def interrupted(thread):
    if not is_first:
        is_first.append(True)
        if sys.argv[2] == "behind":
            start(thread)
        raise KeyboardInterrupt
    start(thread)
threading.Thread.start = interrupted
rec = record(model, sys.argv[1])
"""


@pytest.mark.parametrize("moment", ["before", "behind"])
def test_ctrl_c_as_the_thread_starts_loses_its_own_pass_only(
    path: Path, fork_server: ForkServer, moment: str
) -> None:
    done = fork_server.run(INTERRUPTED + "model(samples(2))", path, moment)
    assert done.returncode != 0
    assert "KeyboardInterrupt" in done.stderr
    assert not path.exists()
    caught = """
try: model(samples(2))
except KeyboardInterrupt: pass
for _ in range(20): model(samples(2))
rec.close()
print(rec.stats().samples, [thread.name for thread in threading.enumerate()])
"""
    done = fork_server.run(INTERRUPTED + caught, path, moment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "40 ['MainThread']\n", "")
    with st.open_trace(path) as trace:
        assert (trace.closed, len(trace)) == (True, 40)


def test_ctrl_c_inside_record_leaves_no_hook_and_no_lock(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, attach = OriginalModel(), OriginalModel.register_forward_hook

    def interrupted(*args: object, **kwargs: object) -> None:
        attach(*args, **kwargs)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(OriginalModel, "register_forward_hook", interrupted)
    with pytest.raises(KeyboardInterrupt):
        record(model, path)
    assert num_hooks(model) <= 1  # the very one that was interrupted in torch's own function
    assert list(path.parent.iterdir()) == []
