"""Why a step is missing: in one line, as far as it fits."""

from __future__ import annotations

from sparsey_trace.trace.format.drops import as_stored, reasons_of


def test_reasons_are_of_one_line_and_without_the_step() -> None:
    stored = as_stored([(4, "Model: step 4, sample 7: input:\n a nan"), (2, ""), (3, "ä" * 61)])
    assert reasons_of(stored) == {2: "", 3: "ä" * 60, 4: "input: a nan"}
