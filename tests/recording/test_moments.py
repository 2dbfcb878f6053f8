"""Layers that run several times in a pass: each call a moment, as a plain hook sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

import sparsey_trace as st
from sparsey_trace.errors import RecordError
from sparsey_trace.recording import record
from tests.recording.recurrent import BATCH as B
from tests.recording.recurrent import RECURRENT_LAYERS, calls_of, each, frames, make_recurrent

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def check_codes(path: Path | str, name: str, calls: list[NDArray[Any]]) -> None:
    """A trace holds what a plain hook kept of a layer."""
    with st.open_trace(path) as trace:
        codes = trace.layers[name].codes[:]
        np.testing.assert_array_equal(codes.reshape(len(codes), -1), np.concatenate(calls))


def test_each_call_is_a_moment_of_its_own_input_and_the_pass_s_marks(path: Path) -> None:
    model, lengths = make_recurrent(), (4, 2, 1)
    kept = calls_of(model, "code")
    values = {"calls": lambda layer, output: torch.full((len(output), 1), len(kept))}
    with record(model, path, layers=RECURRENT_LAYERS[:1], calls="each", input=each, values=values) as rec:
        for seed, moments in enumerate(lengths):
            rec.labels, rec.ids, rec.sequence = torch.arange(B), [7, 8, 9], seed
            model(frames(moments, seed))
    assert (rec.stats().steps, rec.stats().samples) == (3, 7 * B)
    check_codes(path, "code", kept)
    with st.open_trace(path) as trace:
        found = trace.samples.to_pandas()
        steps = [step for step, moments in enumerate(lengths) for _ in range(moments * B)]
        assert found["step"].tolist() == found["sequence"].tolist() == steps
        assert found["moment"].tolist() == [moment for n in lengths for moment in range(n) for _ in range(B)]
        assert found["label"].tolist() == list(range(B)) * 7
        assert found["id"].tolist() == [7, 8, 9] * 7
        assert trace.layers[0].values["calls"][:].ravel().tolist() == [
            n for n in range(1, 8) for _ in range(B)
        ]
        shown = torch.cat([frame for seed, n in enumerate(lengths) for frame in frames(n, seed).unbind(1)])
        np.testing.assert_array_equal(trace.inputs[:], shown)


def test_one_input_is_of_all_calls_and_tied_layers_have_as_many(path: Path) -> None:
    model = make_recurrent()
    kept = {name: calls_of(model, name) for name in ("code", "deeper")}
    with record(model, path, layers=RECURRENT_LAYERS, calls="each", every=2) as rec:
        for seed in range(4):
            rec.labels = [seed] * B
            model(frames(2, seed) / (1 + seed // 2))  # bits, then others
    for name, calls in kept.items():
        check_codes(path, name, calls[0:2] + calls[4:6])
    with st.open_trace(path) as trace:
        assert (trace.num_steps, trace.sampling) == (2, {"every": 2})
        assert trace.samples.label[:].tolist() == [0] * 2 * B + [2] * 2 * B
        both = [(frames(2, seed) / (1 + seed // 2)).flatten(1) for seed in (0, 2)]
        np.testing.assert_array_equal(trace.inputs[:], torch.cat([both[0], both[0], both[1], both[1]]))


def test_layers_that_run_unequally_often_are_named_with_their_calls(path: Path) -> None:
    model = make_recurrent()
    model.deeper_calls = 1
    message = "each a moment, found 3 of code, 1 of deeper; record those that go together"
    with record(model, path, layers=RECURRENT_LAYERS, calls="each") as rec:
        with pytest.raises(RecordError, match=message):
            model(frames(3))
        model.deeper_calls = 9
        model(frames(3))
        model.deeper_calls = 1
        with pytest.warns(UserWarning, match=message):
            model(frames(3))
        model.deeper_calls = 9
        kept = calls_of(model, "deeper")
        model(frames(3, 1))
    assert (rec.stats().steps, rec.stats().refused, rec.stats().samples) == (2, 1, 6 * B)
    with st.open_trace(path) as trace:
        np.testing.assert_array_equal(trace.layers[1].codes[3 * B :, :, 0], np.concatenate(kept))
        assert trace.samples.step[:].tolist() == [0] * 3 * B + [2] * 3 * B
        assert trace.drops.tolist() == [1]


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (lambda args, _: args[0].unbind(1)[:2], "expected one, or one for each of 3 calls, found 2"),
        (
            lambda args, _: [args[0], args[0][:, 1]],
            r"expected one of the same shape for each call, found \[3, 3, 6\], \[3, 6\]",
        ),
        (lambda args, _: [args[0], "x"], "expected a real tensor .*, found str"),
    ],
)
def test_inputs_that_fit_no_calls_are_refused(path: Path, chosen: Any, message: str) -> None:
    model = make_recurrent()
    with (
        pytest.warns(UserWarning, match="no trace was made"),
        record(model, path, layers=RECURRENT_LAYERS, calls="each", input=chosen) as rec,
    ):
        with pytest.raises(RecordError, match=f"step 0: input: {message}"):
            model(frames(3))
        with pytest.raises(RecordError, match="moment: expected none with calls='each'"):
            rec.moment = 1
        rec.moment = None
        with rec.paused():
            model(frames(3))
    assert rec.stats().steps == 0


def test_a_run_goes_on_behind_a_step_that_was_left_out_and_a_resume(path: Path) -> None:
    model = make_recurrent()
    bad = frames(2)
    bad[1, 1, 1] = np.nan
    with (
        pytest.warns(UserWarning, match="found nan in feature 1"),
        record(model, path, layers=RECURRENT_LAYERS, calls="each", input=each) as rec,
    ):
        for seed in (0, 1):
            model(frames(2, seed))
            model(bad)  # as the writer thread finds
        rec.commit()
    kept = calls_of(model, "code")
    with record(model, path, layers=RECURRENT_LAYERS, calls="each", input=each, resume=True):
        model(frames(5, 2))
    check_codes(path.with_name("run.1.h5"), "code", kept)
    with st.open_trace(str(path.with_name("run*.h5"))) as trace:
        assert trace.drops.tolist() == [1, 3]
        assert trace.samples.step[:].tolist() == [0] * 2 * B + [2] * 2 * B + [4] * 5 * B
        assert trace.samples.moment[-5 * B :: B].tolist() == list(range(5))
