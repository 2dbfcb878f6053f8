"""A metric that fails is named, and is only asked for values of samples that it has any for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sparsey_trace.errors import MetricError
from sparsey_trace.layout import EVAL
from sparsey_trace.metrics import SampleMetric, SampleValues
from sparsey_trace.replay.analyze import analyze

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import Layout

RUN = Path(__file__).parents[3] / "sample_traces" / "digits.h5"


@dataclass(frozen=True)
class Activity(SampleMetric[None]):
    """Whether each MAC is active, in evaluation."""

    name = "activity"
    values_require = frozenset({"active"})
    values_phases = (EVAL,)

    def values(self, chunk: Chunk, layout: Layout, context: Any) -> SampleValues:
        asked = np.flatnonzero(chunk.phase == EVAL)
        assert len(asked)
        return SampleValues(sample=asked, values=self.given([active[asked] for active in chunk.active]))

    def given(self, active: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [of_layer.astype(np.float64) for of_layer in active]


class Undefined(Activity):
    def given(self, active: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [of_layer * np.nan for of_layer in active]


class TooFew(Activity):
    def given(self, active: Sequence[np.ndarray]) -> list[np.ndarray]:
        return super().given(active)[:1]


class Failing(Activity):
    def given(self, active: Sequence[np.ndarray]) -> list[np.ndarray]:
        msg = "first line\nsecond line"
        raise RuntimeError(msg)


def test_values_are_asked_for_in_its_phases_only(tmp_path: Path) -> None:
    tables = []
    for size in (7, 4096):
        result = analyze(RUN, metrics=[Activity()], chunk_size=size, out=tmp_path / f"{size}")
        tables.append(result.paths["activity"].read_bytes())
    assert tables[0] == tables[1]
    assert set(result["activity"]["phase"].to_pylist()) == {"eval"}


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (Undefined(), "activity: values: values of a metric: expected finite numbers below "),
        (TooFew(), "activity: values: values: expected float64 ["),
        (
            Failing(),
            "activity: expected values to work on every run, found that it raised RuntimeError: first line second line",
        ),
    ],
)
def test_what_fails_is_named_and_nothing_is_written(tmp_path: Path, metric: Activity, message: str) -> None:
    with pytest.raises(MetricError, match=f"^{re.escape(message)}") as caught:
        analyze(RUN, metrics=["num_activations", metric], out=tmp_path / "out")
    assert caught.value.__cause__ is not None
    assert not (tmp_path / "out").exists()
