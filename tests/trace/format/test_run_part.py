"""Which part of a run a file holds has to make sense."""

from __future__ import annotations

from typing import Any

import pytest

from sparsey_trace.trace.format.run_part import RunPart


def test_the_default_is_a_run_in_one_file() -> None:
    assert RunPart().attributes() == {
        "rank": 0,
        "num_ranks": 1,
        "continues": "",
        "first_step": 0,
        "first_sample": 0,
    }
    assert RunPart(run="0" * 32).attributes()["run"] == "0" * 32


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"rank": 2, "num_ranks": 2}, "rank: expected a number from 0 to 1, found 2"),
        ({"num_ranks": 65_537}, "num_ranks: expected at most 65,536, found 65,537"),
        ({"rank": -1}, "rank: expected a number from 0 to 0, found -1"),
        ({"first_step": -1}, "first_step and first_sample: expected numbers of 0 or more, found -1 and 0"),
        ({"first_sample": -2}, "first_step and first_sample: expected numbers of 0 or more, found 0 and -2"),
        ({"run": "mine"}, "run: expected 32 hexadecimal digits, found 'mine'"),
    ],
)
def test_what_contradicts_itself(fields: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=f"^{expected}$"):
        RunPart(**fields)
