"""Several steps that the writer takes in at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sparsey_trace.errors import DataError
from sparsey_trace.layout import MARKS
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, check_file, sent, step

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.usefixtures("small_chunks")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.h5"


def _together(*numbers: int) -> dict[str, Any]:
    """Arguments of `append_steps` for several steps of `feed`."""
    steps = [step(0, number) for number in numbers]
    about = ("phase", "epoch", "time", *MARKS)
    layers = range(len(LAYOUT.layers))
    values = [np.concatenate([given["values"]["familiarity"][0] for given in steps]), None]
    return {
        "steps": [
            {"step": number} | {name: given[name] for name in about}
            for number, given in zip(numbers, steps, strict=True)
        ],
        "sizes": [len(given["inputs"]) for given in steps],
        "inputs": np.concatenate([given["inputs"] for given in steps]),
        "codes": [np.concatenate([given["codes"][layer] for given in steps]) for layer in layers],
        "active": [np.concatenate([given["active"][layer] for given in steps]) for layer in layers],
        "values": {"familiarity": values},
    }


def test_several_steps_at_once_are_what_they_are_one_by_one(path: Path) -> None:
    with TraceWriter(path, LAYOUT) as writer:
        with pytest.raises(DataError, match=r"step 0: sizes: expected samples of steps that come to .*\[7\]"):
            writer.append_steps(**_together(0, 1) | {"sizes": [7], "steps": [_together(0)["steps"][0]]})
        writer.append_steps(**_together(0, 1))
        wrong = _together(2, 3)
        wrong["steps"][1]["step"] = 2
        with pytest.raises(DataError, match="step: expected a number above the last step's 2, found 2"):
            writer.append_steps(**wrong)
        writer.append_steps(**_together(2, 3, 4))
        assert writer.num_steps == 5
    check_file(path, sent(0, 5))


def test_no_step_of_several_says_alone_how_inputs_are_kept(path: Path) -> None:
    given = _together(0, 1)
    given["inputs"] = given["inputs"].astype(np.float32)
    given["inputs"][-1] = 0.5
    with TraceWriter(path, LAYOUT) as writer:
        writer.append_steps(**given)
    with open_trace(path) as trace:
        assert trace.input_kind == "float32"
        np.testing.assert_array_equal(trace.inputs[:], given["inputs"])
