"""What is known of each sample, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from sparsey_trace.layout import MARKS, NO_LABEL
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, sent

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.trace.reading.trace import Trace

STEPS = 30


def test_as_a_table(trace: Trace) -> None:
    expected, table = sent(0, STEPS), trace.samples.to_pandas()
    kinds = table.dtypes.astype(str).to_dict()
    # Its resolution is pandas' choice.
    assert kinds.pop("time") in ("datetime64[ns, UTC]", "datetime64[us, UTC]")
    assert kinds == {
        "sample": "int64",
        "step": "int64",
        "epoch": "int32",
        "phase": "category",
        **dict.fromkeys(MARKS.values(), "Int64"),
    }
    assert table["sample"].tolist() == list(range(146))
    assert table["step"].tolist() == expected["step"].tolist()
    assert table["epoch"].tolist() == expected["epoch"].tolist()
    assert list(table["phase"].cat.categories) == ["train", "eval"]
    assert table["phase"].tolist() == [("train", "eval")[phase] for phase in expected["phase"]]
    for name in MARKS.values():
        known = expected[name] != NO_LABEL
        assert table[name].isna().tolist() == (~known).tolist()
        assert table[name][known].tolist() == expected[name][known].tolist()
    assert table["time"].tolist() == pd.to_datetime(expected["time"], unit="s", utc=True).tolist()


def test_times_beyond_the_calendar_are_null_in_the_table(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        part = sent(0, 1)
        for when in (1e300, 0.5):
            writer.append(
                inputs=part["inputs"][:1],
                codes=[part["codes 0"][:1], part["codes 1"][:1]],
                active=[part["active 0"][:1], part["active 1"][:1]],
                phase="train",
                time=when,
            )
    with open_trace(tmp_path / "run.h5") as trace:
        times = trace.samples.to_pandas()["time"]
        assert times.isna().tolist() == [True, False]
        assert times[1] == pd.Timestamp("1970-01-01 00:00:00.5", tz="UTC")
