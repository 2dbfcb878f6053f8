"""The check of the laws finds what breaks them, and names it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import assume, given, settings

from sparsey_trace.chunk import Chunk
from sparsey_trace.errors import DataError
from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.metrics import (
    BasisSetSize,
    Metric,
    SampleMetric,
    SampleValues,
)
from sparsey_trace.testing import check_metric_laws, runs, split
from tests.faults import times


class Forgetful(BasisSetSize):
    """Breaks the law: a merge that forgets the earlier state."""

    def merge(self, earlier, later):  # type: ignore[no-untyped-def]
        return later

    def update(self, state, chunk):  # type: ignore[no-untyped-def]
        return super().merge(state, super().update(self.init(chunk.layout), chunk))


@given(run=runs())
@settings(max_examples=times(8, 40), deadline=None)
def test_a_broken_law_is_found(run: Chunk) -> None:
    trained = np.flatnonzero(run.is_train & run.active[0].any(axis=1))
    assume(len(trained) > 0 and trained[0] + 1 < len(run))
    with pytest.raises(AssertionError, match="expected what the whole run gives, bit for bit"):
        check_metric_laws(Forgetful(), split(run, [int(trained[0]) + 1]))


def a_run() -> Chunk:
    """Four samples in two steps; one layer of two MACs with Q = 2 and K = 3, the second silent in the first sample."""
    layer = LayerLayout(name="v1", num_macs=2, num_cms=2, num_neurons=3, connections=[[0], [1]])
    active = np.ones((4, 2), np.bool_)
    active[0, 1] = False
    return Chunk(
        layout=Layout(num_features=2, layers=[layer]),
        start=0,
        step=np.array([0, 0, 1, 1]),
        epoch=np.zeros(4, np.int32),
        phase=np.zeros(4, np.uint8),
        label=np.arange(4),
        inputs=np.ones((4, 2), np.uint8),
        codes=(np.full((4, 2, 2), 2, np.uint8),),
        active=(active,),
    )


@dataclass(frozen=True)
class Winners(SampleMetric):
    """The first CM's winner: made to be broken."""

    name = "winners"
    values_require = frozenset({"codes", "active"})
    extra: ClassVar[dict[str, str]] = {"first": "int64"}

    def values(self, chunk: Chunk, layout: Layout, context: Any) -> SampleValues | None:
        values = [self.of(*arrays) for arrays in zip(chunk.codes, chunk.active, strict=True)]
        return SampleValues(values=values, extra=self.columns(chunk))

    def of(self, codes: np.ndarray, active: np.ndarray) -> np.ndarray:
        return np.where(active, codes[..., 0], 0).astype(np.float64)

    def columns(self, chunk: Chunk) -> dict[str, np.ndarray]:
        return {"first": chunk.sample}


class HeedsTheSilent(Winners):
    def of(self, codes: np.ndarray, active: np.ndarray) -> np.ndarray:
        return codes[..., 0].astype(np.float64)


class ReadsMore(Winners):
    def columns(self, chunk: Chunk) -> dict[str, np.ndarray]:
        return {"first": np.full(len(chunk), chunk.inputs is None)}


class DependsOnTheChunk(Winners):
    def columns(self, chunk: Chunk) -> dict[str, np.ndarray]:
        return {"first": np.arange(len(chunk))}


class Transposed(Winners):
    def of(self, codes: np.ndarray, active: np.ndarray) -> np.ndarray:
        return super().of(codes, active).T


class Whole(Winners):
    counts = True


class Columnless(Winners):
    def columns(self, chunk: Chunk) -> dict[str, np.ndarray]:
        return {}


class Layered(Winners):
    has_layer_values = True


@dataclass(frozen=True)
class Labels(Winners):
    """Keeps the labels, in a list that only grows."""

    def init(self, layout: Layout) -> list[int]:
        return []

    def update(self, state: list[int], chunk: Chunk) -> list[int]:
        return [*state, *chunk.label.tolist()]

    def merge(self, earlier: list[int], later: list[int]) -> list[int]:
        return earlier + later

    def finalize(self, state: list[int], layout: Layout) -> tuple[int, ...]:
        return tuple(state)


class ChangesWhatItIsGiven(Labels):
    def merge(self, earlier: list[int], later: list[int]) -> list[int]:
        earlier += later
        return earlier


class Unsendable(Labels):
    def update(self, state: list[Any], chunk: Chunk) -> list[Any]:
        return [*state, lambda: chunk]


class UnsendableResult(Labels):
    def finalize(self, state: list[int], layout: Layout) -> Any:
        return lambda: state


class ReadsMoreInTheFold(Labels):
    def update(self, state: list[int], chunk: Chunk) -> list[int]:
        return super().update(state, chunk) if chunk.active else state


class SaysThatValuesStay(Labels):
    """Of which the last label of the run isn't one."""

    def values(self, chunk: Chunk, layout: Layout, context: Any) -> SampleValues | None:
        given = super().values(chunk, layout, context)
        return replace(given, extra={"first": np.full(len(chunk), max(context.result, default=0))})

    def values_stay(self, notes: Any) -> bool:
        return True


class LeavesOutTooMuch(SaysThatValuesStay):
    def values_stay(self, notes: Any) -> bool:
        return False

    def excerpt(self, state: list[int], start: int, stop: int) -> list[int]:
        return state[:stop]


class RefusesItsOwn(Labels):
    def check_state(self, state: Any, layout: Layout, samples: int) -> None:
        if len(state) == samples:
            msg = "too many"
            raise DataError(msg)


@pytest.mark.parametrize("metric", [Winners(), Labels()])
def test_what_is_broken_below_was_sound(metric: Metric) -> None:
    check_metric_laws(metric, split(a_run(), [1, 2, 2]))


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (
            HeedsTheSilent(),
            "values with other codes where MACs are silent: expected what the whole run gives",
        ),
        (
            ReadsMore(),
            "values with all fields, not only those of `values_require`: expected what the whole run gives",
        ),
        (DependsOnTheChunk(), "values of chunks: expected what the whole run gives"),
        (Transposed(), "values: values: expected float64 [4, 2], found float64 [2, 4]"),
        (Whole(), "values: values: expected int64 [4, 2], found float64 [4, 2]"),
        (Columnless(), "values: first: expected [4], found none"),
        (Layered(), "values: layer_values: expected float64 [4], found none"),
        (ChangesWhatItIsGiven(), "chunks merged from the left again: expected what the whole run gives"),
        (
            SaysThatValuesStay(),
            "values that stay, of a run that ends there: expected what the whole run gives",
        ),
        (
            LeavesOutTooMuch(),
            "values of chunks, each with an excerpt of the state: expected what the whole run gives",
        ),
        (
            RefusesItsOwn(),
            "check_state: expected that it lets the metric's own states pass, found too many",
        ),
        (Unsendable(), "a state: expected something that can be pickled, found "),
        (UnsendableResult(), "what `finalize` makes: expected something that can be pickled, found "),
        (
            ReadsMoreInTheFold(),
            "with all fields, not only those of `requires`: expected what the whole run gives",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_broken_law_is_named(metric: Metric, message: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(message)) as caught:
        check_metric_laws(metric, split(a_run(), [1, 2, 2]))
    assert str(caught.value).startswith(f"{type(metric).__name__}()")
