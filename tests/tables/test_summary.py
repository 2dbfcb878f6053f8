"""Summaries of metrics that aren't built in: nulls, their own best, tables without values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest

from sparsey_trace.errors import UsageError
from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.metrics import RunMetric
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.tables.summary import COLUMNS
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.cli.commands import LAYOUT, write_steps

if TYPE_CHECKING:
    from sparsey_trace.chunk import Chunk
    from sparsey_trace.tables.summary import SummaryRow

RUN = Path(__file__).parents[2] / "sample_traces" / "digits.h5"


@dataclass(frozen=True)
class Given(RunMetric[int]):
    """A table that is given; that the run was seen is all it knows of it."""

    name = "given"
    requires = frozenset({"active"})

    columns: tuple[tuple[str, tuple[Any, ...]], ...] = ()

    def init(self, layout: Layout) -> int:
        return 0

    def update(self, state: int, chunk: Chunk) -> int:
        return state + len(chunk)

    def merge(self, earlier: int, later: int) -> int:
        return earlier + later

    def finalize(self, state: int, layout: Layout) -> pa.Table:
        return pa.table({name: pa.array(values) for name, values in self.columns})


class Low(Given):
    best = "lowest"


def summary(kind: type[Given] = Given, /, **columns: tuple[Any, ...]) -> list[SummaryRow]:
    return analyze(RUN, metrics=[kind(tuple(columns.items()))]).summary_rows()


EPOCHS = {"epoch": (0, 0, 1, 1, 2, 2), "phase": ("train",) * 6, "layer": (0,) * 6, "mac": (0, 1) * 3}


def test_macs_without_a_value_are_left_out_of_means() -> None:
    (row,) = summary(**EPOCHS, value=(4.0, None, 1.0, 2.0, None, None))
    assert (row.phase, row.now, row.best, row.best_epoch) == ("train", 1.5, 4.0, 0)


def test_a_layer_without_any_value_has_no_row() -> None:
    assert summary(**EPOCHS, value=(None,) * 5 + (float("nan"),)) == []


def test_the_best_is_the_metrics_own() -> None:
    values = (4.0, 6.0, 1.0, 2.0, 2.0, 1.0)
    assert summary(Low, **EPOCHS, value=values)[0].best == 1.5
    assert summary(Given, **EPOCHS, value=values)[0].best == 5.0


def test_of_epochs_that_are_as_good_the_first_is_the_best(tmp_path: Path) -> None:
    below = LayerLayout(name="v1", num_macs=2, num_cms=1, num_neurons=2, connections=[[0, 1, 2], [3, 4, 5]])
    shown = [0, 1, 3, 4, 6, 7], [0, 1, 2, 3, 6, 7]  # 1/3 of it reaches each MAC; then 1/2 and 1/6 do
    with TraceWriter(tmp_path / "run.h5", Layout(num_features=8, layers=(below,))) as writer:
        for epoch, features in enumerate(shown):
            inputs, codes, active = (
                np.isin([range(8)], features),
                np.zeros((1, 2, 1), int),
                np.ones((1, 2), bool),
            )
            writer.append(inputs=inputs, codes=[codes], active=[active], phase="train", epoch=epoch)
    for row in analyze(tmp_path / "run.h5", metrics=["feature_coverage"]).summary_rows():
        if row.metric == "feature_coverage":
            assert (row.best, row.best_epoch) == (pytest.approx(1 / 3), 0)


def test_a_table_of_other_columns_has_no_row() -> None:
    assert summary(phase=("train",), layer=(0,), samples=(3,)) == []


def test_a_summary_is_a_frame_with_names_of_layers() -> None:
    result = analyze(RUN, metrics=["match_accuracy", "num_activations"])
    frame = result.summary()
    assert list(frame) == list(COLUMNS)
    assert set(frame["layer_name"]) == {layer.name for layer in open_trace(RUN).layout.layers}
    assert set(result.summary(phase="eval")["phase"]) == {"eval"}
    with pytest.raises(UsageError, match="phase: expected one of train, eval, found 'test'"):
        result.summary(phase="test")


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ("e", set()),
        ("t", set()),
        ("et", set()),
        ("ett", {"train"}),
        ("te", {"eval"}),
        ("tte", {"train", "eval"}),
    ],
)
def test_adherence_is_told_where_there_was_training_to_compare_with(
    tmp_path: Path, steps: str, told: set[str]
) -> None:
    with TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        for phase in steps:
            write_steps(writer, 1, first=3 if phase == "e" else 0)
    rows = analyze(tmp_path / "run.h5", metrics=["sisc_adherence"]).summary_rows()
    assert {row.phase for row in rows} == told
