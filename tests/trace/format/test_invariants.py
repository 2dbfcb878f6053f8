"""Each invariant, broken once in stored values, is named with the sample where it is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.encode import encode_steps
from sparsey_trace.trace.format.invariants import broken_invariants, last_of
from sparsey_trace.trace.format.run_part import RunPart
from tests.trace.feed import LAYOUT, VALUE_NAMES, step

HEAD: Any = SimpleNamespace(layout=LAYOUT, part=RunPart(first_step=3), values=VALUE_NAMES)
COLUMNS = {column.path: column for column in schema.columns(LAYOUT, "binary", VALUE_NAMES)}
START = 100


@pytest.fixture
def values() -> dict[str, np.ndarray]:
    """Two steps, 5 and 6, as they are stored, beginning with sample 100."""
    encoded = []
    for number in (5, 6):
        given = step(0, number)
        sample = {"step": number, "phase": given["phase"], "epoch": given["epoch"], "time": given["time"]}
        encoded.append(
            encode_steps(
                LAYOUT,
                "binary",
                where="run.h5",
                inputs=given["inputs"],
                codes=given["codes"],
                active=given["active"],
                samples=[sample],
                values=given["values"],
                value_names=VALUE_NAMES,
            )
        )
    return {path: np.concatenate([one[path] for one in encoded]) for path in COLUMNS}


def test_none_is_broken_in_what_is_encoded(values: dict[str, np.ndarray]) -> None:
    assert list(broken_invariants(HEAD, COLUMNS, values, {})) == []
    assert last_of(values) == {"step": 6, "phase": 0, "epoch": 0}
    assert list(broken_invariants(HEAD, COLUMNS, values, {"step": 4, "phase": 0, "epoch": 0})) == []


BROKEN: dict[str, tuple[str, Any, Any, str]] = {
    "a step before the file's first": (
        "samples/step",
        0,
        2,
        "samples/step: sample 100: expected a step of at least 3, with which the file begins, found 2",
    ),
    "a step that falls": (
        "samples/step",
        -1,
        5,
        "expected a step that never falls below the sample before's, found 5",
    ),
    "a phase": ("samples/phase", 0, 2, "samples/phase: sample 100: expected 0 (train) or 1 (eval), found 2"),
    "an epoch within a step": ("samples/epoch", 1, 9, "sample 101: expected one epoch in the whole step"),
    "a time": ("samples/time", 1, np.nan, "samples/time: sample 101: expected a finite time, found nan"),
    "padding": (
        "inputs",
        (1, -1),
        0xFF,
        "inputs: sample 101, byte 1: expected zeros in the last 3 bits, which are padding, found 255",
    ),
    "a further value": (
        "layers/0/values/familiarity",
        (1, 3),
        -np.inf,
        "layers/0/values/familiarity: sample 101, MAC 3: expected a finite number, or nan, found -inf",
    ),
    "a winner": (
        "layers/0/codes",
        (1, 7, 2),
        5,
        "layers/0/codes: sample 101, MAC 7, CM 2: expected a winner from 0 to 4, found 5",
    ),
}


@pytest.mark.parametrize(("column", "index", "value", "expected"), BROKEN.values(), ids=BROKEN)
def test_one_that_is_broken_is_named(
    values: dict[str, np.ndarray], column: str, index: Any, value: Any, expected: str
) -> None:
    values[column][index] = value
    first, *_ = broken_invariants(HEAD, COLUMNS, values, {})
    assert expected in first.first(values, START)
    assert first.samples.sum() >= 1


def test_a_silent_mac_has_no_winners(values: dict[str, np.ndarray]) -> None:
    values["layers/0/active"][0, 0] &= 0x7F
    values["layers/0/codes"][0, 0] = [0, 4, 0]
    (broken,) = broken_invariants(HEAD, COLUMNS, values, {})
    assert broken.first(values, START) == (
        "layers/0/codes: sample 100, MAC 0, CM 1: expected 0, as the MAC is silent, found 4"
    )


def test_a_step_goes_on_across_chunks(values: dict[str, np.ndarray]) -> None:
    (broken,) = broken_invariants(HEAD, COLUMNS, values, {"step": 5, "phase": 1, "epoch": 1})
    assert broken.first(values, START) == (
        "samples/epoch: sample 100: expected one epoch in the whole step, found 0"
    )
