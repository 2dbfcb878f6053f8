"""What the writer refuses, in which words, and that a refusal costs nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sparsey_trace.errors import DataError, TraceError
from sparsey_trace.trace.hdf5 import chunk_codec
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, check, check_file, feed, sent, step

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


pytestmark = pytest.mark.usefixtures("small_chunks")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.h5"


# Step 0 of the run with seed 0 has 7 samples.
CODES, ACTIVE = step(0, 0)["codes"], step(0, 0)["active"]
TOO_HIGH = np.where(ACTIVE[0][..., None], 5, CODES[0])
NUMBERS = "expected an array of numbers, found"

WRONG = {
    "phase": ({"phase": "test"}, "phase: expected 'train' or 'eval', found 'test'"),
    "no phase": ({"phase": 0}, "phase: expected 'train' or 'eval', found 0"),
    "list of phases": ({"phase": ["train"]}, "phase: expected 'train' or 'eval', found ['train']"),
    "epoch": ({"epoch": 1.5}, "epoch: expected a whole number that fits int32, found 1.5"),
    "large epoch": ({"epoch": 2**31}, "epoch: expected a whole number that fits int32, found 2147483648"),
    "epochs": ({"epoch": [0, 1]}, "epoch: expected a whole number that fits int32, found [0, 1]"),
    "time": ({"time": "now"}, "time: expected seconds since 1970-01-01 as a finite number, found 'now'"),
    "endless time": (
        {"time": np.inf},
        "time: expected seconds since 1970-01-01 as a finite number, found inf",
    ),
    "large time": (
        {"time": 10**400},
        "time: expected seconds since 1970-01-01 as a finite number, found 1000",
    ),
    "labels": (
        {"labels": [1, 2]},
        "labels: expected 7 whole numbers, one for each sample, found int64 of shape (2,)",
    ),
    "one label": (
        {"labels": 3},
        "labels: expected 7 whole numbers, one for each sample, found int64 of shape ()",
    ),
    "values of too few layers": (
        {"values": {"familiarity": [np.zeros((7, 20))]}},
        "values: familiarity: expected a list of 2, an array or None for each layer, found 1",
    ),
    "values of another shape": (
        {"values": {"familiarity": [np.zeros((7, 2)), None]}},
        "values: familiarity of low: expected shape (7, 20), found (7, 2)",
    ),
    "infinite values": (
        {"values": {"familiarity": [np.full((7, 20), 1e300), None]}},
        "values: familiarity of low: expected numbers within float32, or nan for none, found 1e+300 in sample 0, MAC 0",
    ),
    "ids": (
        {"ids": [1, 2]},
        "ids: expected 7 whole numbers, one for each sample, found int64 of shape (2,)",
    ),
    "a real moment": (
        {"moment": 0.5},
        "moment: expected 7 whole numbers, one for each sample, found float64 of shape ()",
    ),
    "real labels": (
        {"labels": np.ones(7)},
        "labels: expected 7 whole numbers, one for each sample, found float64 of shape (7,)",
    ),
    "names as labels": ({"labels": ["a"] * 7}, f"labels: {NUMBERS} <U1 of shape (7,)"),
    "labels beyond int64": (
        {"labels": np.full(7, 2**63, np.uint64)},
        "labels: expected whole numbers that fit int64, found 9223372036854775808",
    ),
    "no inputs": (
        {"inputs": None},
        "inputs: expected them to be kept as 'binary' in every step, found none here",
    ),
    "features": ({"inputs": np.zeros((7, 12))}, "inputs: expected shape (B, 13), found (7, 12)"),
    "one sample": ({"inputs": np.zeros(13)}, "inputs: expected shape (B, 13), found (13,)"),
    "a number": ({"inputs": 0}, "inputs: expected shape (B, 13), found ()"),
    "no samples": ({"inputs": np.zeros((0, 13))}, "expected at least one sample, found none"),
    "nan": (
        {"inputs": np.full((7, 13), np.nan)},
        "inputs: expected finite numbers within float32, found nan in sample 0, feature 0",
    ),
    "ragged": ({"inputs": [[0], [0, 1]]}, f"inputs: {NUMBERS} list: setting an array element"),
    "text": ({"inputs": [["a"] * 13] * 7}, f"inputs: {NUMBERS} <U1 of shape (7, 13)"),
    "complex": ({"inputs": np.zeros((7, 13), complex)}, f"inputs: {NUMBERS} complex128 of shape (7, 13)"),
    "one layer": ({"codes": CODES[:1]}, "codes: expected an array for each of 2 layers, found 1"),
    "three layers": (
        {"active": [*ACTIVE, ACTIVE[0]]},
        "active: expected an array for each of 2 layers, found 3",
    ),
    "no list": ({"codes": 5}, "codes: expected a list of arrays, one for each layer, found int"),
    "other sizes": (
        {"active": [ACTIVE[0][:3], ACTIVE[1]]},
        "active of low: expected shape (7, 20), found (3, 20)",
    ),
    "winners swapped": (
        {"codes": CODES[::-1]},
        "codes of low: expected whole numbers of shape (7, 20, 3), found int64 of shape (7, 3, 2)",
    ),
    "real winners": (
        {"codes": [CODES[0] * 1.0, CODES[1]]},
        "codes of low: expected whole numbers of shape (7, 20, 3), found float64 of shape (7, 20, 3)",
    ),
    "one-hot": (
        {"codes": [CODES[0][..., None] == np.arange(5), CODES[1]]},
        "codes of low: expected whole numbers of shape (7, 20, 3), found bool of shape (7, 20, 3, 5)",
    ),
    "a high winner": (
        {"codes": [TOO_HIGH, CODES[1]]},
        "codes of low: expected winners from 0 to 4, found 5 in sample",
    ),
    "a low winner": (
        {"codes": [CODES[0], np.full((7, 3, 2), -1)]},
        "codes of top: expected winners from 0 to 299, found -1 in sample",
    ),
    "familiarities": (
        {"active": [ACTIVE[0] * 0.5, ACTIVE[1]]},
        "active of low: expected booleans, found float64 with other values",
    ),
}


@pytest.mark.parametrize(("changes", "expected"), WRONG.values(), ids=WRONG)
def test_a_wrong_step_is_refused_and_leaves_no_trace(
    path: Path, changes: dict[str, Any], expected: str
) -> None:
    with TraceWriter(path, LAYOUT) as writer:
        feed(writer, 1, range(20))
        state = repr(writer)
        with pytest.raises(DataError) as caught:
            writer.append(**{**step(0, 0), **changes})
        assert str(caught.value).startswith(f"{path}: step 20: {expected}")
        assert repr(writer) == state
        feed(writer, 1, range(20, 40))
    assert check_file(path, sent(1, 40)) == len(sent(1, 40)["step"])


@pytest.mark.parametrize("name", sorted(WRONG.keys() - {"no inputs"}))
def test_a_wrong_first_step_decides_nothing(path: Path, name: str) -> None:
    changes, _ = WRONG[name]
    with TraceWriter(path, LAYOUT) as writer:
        with pytest.raises(DataError):
            writer.append(**{**step(0, 0), **changes})
        feed(writer, 1, range(5))
    check_file(path, sent(1, 5))


@pytest.mark.parametrize(
    ("value", "kind", "found"),
    [
        (np.nan, "float32", "nan"),
        (-np.inf, "float32", "-inf"),
        (1e39, "float32", "1e+39"),
        (7e4, "float16", "70000.0"),
    ],
)
def test_inputs_that_can_not_be_kept(path: Path, value: float, kind: str, found: str) -> None:
    inputs = np.zeros((7, 13))
    inputs[2, 11] = value
    with TraceWriter(path, LAYOUT, inputs=kind) as writer, pytest.raises(DataError) as caught:
        writer.append(**{**step(0, 0), "inputs": inputs})
    assert str(caught.value) == (
        f"{path}: step 0: inputs: expected finite numbers within {kind}, found {found} in sample 2, feature 11"
    )


@pytest.mark.parametrize(
    ("value", "dtype", "kind", "kept"),
    [
        (2**24 + 1, np.int32, "float32", 2**24),
        (-(2**24) - 1, np.int64, "float32", -(2**24)),
        (2**63 - 1, np.int64, "float32", 2**63),
        (2**32 - 1, np.uint32, "float32", 2**32),
        (2049, np.uint16, "float16", 2048),
    ],
)
def test_whole_numbers_stay_what_they_are(path: Path, value: int, dtype: Any, kind: str, kept: int) -> None:
    inputs = np.full((7, 13), 5, dtype)
    with TraceWriter(path, LAYOUT, inputs=kind) as writer:
        inputs[0, 0] = 2**24 if dtype != np.uint16 else 2048
        writer.append(**{**step(0, 0), "inputs": inputs})
        inputs[2, 11] = value
        with pytest.raises(DataError) as caught:
            writer.append(**{**step(0, 1), "inputs": inputs})
    with open_trace(path) as trace:
        assert trace.inputs[0:1].tolist() == inputs[:1].tolist()
    assert str(caught.value) == (
        f"{path}: step 1: inputs: expected whole numbers that {kind} holds exactly, found "
        f"{value} in sample 2, feature 11, which would become {kept}; record with inputs='auto' or "
        "'int64'"
    )


@pytest.mark.parametrize("number", [5, 4, -1, True])
def test_steps_rise(path: Path, number: int) -> None:
    with TraceWriter(path, LAYOUT) as writer:
        writer.append(**step(0, 0), step=5)
        with pytest.raises(
            DataError, match=f"step: expected a number above the last step's 5, found {number}"
        ):
            writer.append(**step(0, 1), step=number)
        with pytest.raises(
            DataError, match=r"step 6\.5: step: expected a whole number that fits int64, found 6\.5"
        ):
            writer.append(**step(0, 1), step=6.5)
        writer.append(**step(0, 1))
    with open_trace(path) as trace:
        assert set(trace.samples.step[:].tolist()) == {5, 6}


def test_codes_of_silent_macs_are_ignored(path: Path) -> None:
    silent = [np.zeros_like(active) for active in ACTIVE]
    with TraceWriter(path, LAYOUT) as writer:
        writer.append(**{**step(0, 0), "codes": [codes + 10**6 for codes in CODES], "active": silent})
    with open_trace(path) as trace:
        assert not trace.layers[0].codes[:].any()


def test_arrays_may_be_used_again(path: Path) -> None:
    given = step(0, 0)
    with TraceWriter(path, LAYOUT) as writer:
        writer.append(**given)
        for array in (given["inputs"], given["labels"], *given["codes"], *given["active"]):
            array[:] = 0
    check_file(path, sent(0, 1))


def test_a_file_is_not_replaced_unless_asked(path: Path) -> None:
    path.write_text("precious")
    with pytest.raises(TraceError) as caught:
        TraceWriter(path, LAYOUT)
    assert str(caught.value) == (
        f"{path}: expected no file there, found one; choose another name or pass overwrite=True"
    )
    assert path.read_text() == "precious"
    with TraceWriter(path, LAYOUT, overwrite=True) as writer:
        feed(writer, 0, range(3))
    check_file(path, sent(0, 3))


def test_a_second_writer_is_refused_while_the_first_writes(path: Path) -> None:
    with TraceWriter(path, LAYOUT) as writer:
        feed(writer, 0, range(3))
        for overwrite in (False, True):
            with pytest.raises(TraceError, match=re.escape(f"{path}: expected ")):
                TraceWriter(path, LAYOUT, overwrite=overwrite)
    check_file(path, sent(0, 3))


def test_a_place_that_takes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "no/run.h5"
    expected = f"{path}: expected to make a file there, found: no folder {path.parent}; make it first"
    with pytest.raises(TraceError, match=f"^{re.escape(expected)}$"):
        TraceWriter(path, LAYOUT, overwrite=True)
    with pytest.raises(TraceError, match=re.escape(f"{tmp_path}: expected no file there, found a folder")):
        TraceWriter(tmp_path, LAYOUT, overwrite=True)
    with pytest.raises(
        TraceError, match=r"^\.: expected no file there, found a folder; choose another name$"
    ):
        TraceWriter(".", LAYOUT)


def test_an_unknown_kind_of_inputs(path: Path) -> None:
    with pytest.raises(DataError) as caught:
        TraceWriter(path, LAYOUT, inputs="floats")
    assert str(caught.value) == (
        "inputs: expected one of auto, binary, uint8, int32, int64, float16, float32, float64, none, found 'floats' "
        "(did you mean float64?)"
    )
    assert not path.exists()


def test_what_a_closed_writer_does(path: Path) -> None:
    writer = TraceWriter(path, LAYOUT)
    feed(writer, 0, range(3))
    size = writer.num_samples
    assert repr(writer) == f"<TraceWriter {path}: {size} samples, 0 committed, open>"
    writer.commit()
    assert repr(writer) == f"<TraceWriter {path}: {size} samples, {size} committed, open>"
    writer.close()
    writer.close()
    writer.commit()
    assert repr(writer) == f"<TraceWriter {path}: {size} samples, {size} committed, closed>"
    with pytest.raises(TraceError) as caught:
        feed(writer, 0, range(3, 4))
    assert str(caught.value) == f"{path}: expected an open trace to write to, found one that was closed"
    check_file(path, sent(0, 3))


def test_an_exception_in_the_block_keeps_what_was_appended(path: Path) -> None:
    def training() -> None:
        with TraceWriter(path, LAYOUT) as writer:
            feed(writer, 0, range(5))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training()
    assert check_file(path, sent(0, 5)) == len(sent(0, 5)["step"])


def interrupted(original: Callable[..., Any], *, at: int) -> Callable[..., Any]:
    """A function that is interrupted, as by Ctrl-C, once, in its call number `at`."""
    calls = iter(range(10**6))

    def call(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == at:
            raise KeyboardInterrupt
        return original(*args, **kwargs)

    return call


# A step of some 500 samples fills several chunks of 64; each has 9 columns, resized and written.
@pytest.mark.parametrize("at", range(0, 60, 7))
@pytest.mark.parametrize(("owner", "name"), [(chunk_codec, "write_chunk"), (chunk_codec, "set_extent")])
def test_half_a_step_is_never_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, at: int
) -> None:
    expected = sent(3, 2, most=1000)
    with TraceWriter(path, LAYOUT) as writer:
        feed(writer, 3, range(1), most=1000)
        writer.commit()
        monkeypatch.setattr(owner, name, interrupted(getattr(owner, name), at=at))
        with pytest.raises(KeyboardInterrupt):
            feed(writer, 3, range(1, 2), most=1000)
        with pytest.raises(TraceError, match="the step before could only be taken in in part; close it"):
            feed(writer, 3, range(1, 2), most=1000)
        writer.commit()
        check_file(path, expected, at_least=writer.num_committed)
    with open_trace(path) as trace:
        check(trace, expected)
        assert trace.num_steps == 1
        assert not trace.closed


def test_every_step_has_the_values_of_the_first(path: Path) -> None:
    with TraceWriter(path, LAYOUT) as writer:
        feed(writer, 0, range(1))
        expected = "values: expected familiarity, of the same layers as in the trace's first step, found g"
        with pytest.raises(DataError, match=expected):
            writer.append(**step(0, 1) | {"values": {"g": step(0, 1)["values"]["familiarity"]}})
        feed(writer, 0, range(1, 2))


STEP = "expected the number of a step, from 0 to 9223372036854775807, found"
LOSSES = "losses: expected counts of passes, steps, left_out, refused, drops, lost and an error, found"


@pytest.mark.parametrize(
    ("note", "message"),
    [
        # -1 stands in the file where no step was named, and would be gone.
        (lambda writer: writer.note_drops([7, -1]), f"drops: {STEP} -1"),
        (lambda writer: writer.note_drops([2.5]), f"drops: {STEP} 2.5"),
        (lambda writer: writer.note_drops([2**63]), f"drops: {STEP} 9223372036854775808"),
        (lambda writer: writer.note_drops([7], [None]), "drops: expected reasons in words, found None"),
        (
            lambda writer: writer.note_drops([7], ["a", "b"]),
            "drops: expected a reason for each step at most, found 2 for 1",
        ),
        (lambda writer: writer.note_next_step(2**63), f"next step: {STEP} 9223372036854775808"),
        (lambda writer: writer.note_next_step(-1), f"next step: {STEP} -1"),
        (lambda writer: writer.note_losses({"lost": -3}), f"{LOSSES} {{'lost': -3}}"),
        (lambda writer: writer.note_losses({"reason": "none"}), f"{LOSSES} {{'reason': 'none'}}"),
    ],
)
def test_what_cant_be_noted_of_a_run_is_refused_and_costs_nothing(
    path: Path, note: Callable[[TraceWriter], None], message: str
) -> None:
    with TraceWriter(path, LAYOUT) as writer:
        feed(writer, 0, range(2))
        with pytest.raises(DataError, match=f"^{re.escape(f'{path}: {message}')}$"):
            note(writer)
        writer.note_drops([np.int64(7)])
    check_file(path, sent(0, 2))
    with open_trace(path) as trace:
        assert (trace.drops.tolist(), trace.losses) == ([7], {})
