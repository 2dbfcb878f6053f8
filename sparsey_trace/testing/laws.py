"""The laws of `sparsey_trace.metrics.base` as a check, for the metrics here and for anyone's.

- However the run is cut, the result is the same, bit for bit; also when it is made again.
- States and what they come to may go from one process to another.
- Values depend on the fields that the metric names, and on nothing that other metrics have read.
- What stands for the winners of a silent MAC changes nothing.
- What a `TallyMetric` counts is the sum of what it counts of the run's chunks.
- What `excerpt` leaves of a state is enough for its stretch.
- Where a `SampleMetric` says that its values stay, they are those of a run that ends behind them.
- `check_state` lets a metric's own states pass.
- A `SampleMetric` has values for every MAC, of the kind that it says, and for every column that it names.
"""

from __future__ import annotations

import pickle
from dataclasses import fields, is_dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sparsey_trace.layout import MARKS
from sparsey_trace.metrics.base import Context, SampleMetric, TallyMetric
from sparsey_trace.metrics.declaration import fault_of_values, promises_to_stay
from sparsey_trace.metrics.recall import recall_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.metrics.base import Metric

    _Given = tuple[Chunk, Context]
    """A chunk, and what the second pass may lean on beside it."""


def check_metric_laws(metric: Metric[Any], parts: Sequence[Chunk]) -> None:
    """See that a metric obeys the laws on a run, cut into chunks in one way.

    Args:
        metric: the metric.
        parts: the run as neighbouring chunks, in order; see `sparsey_trace.testing.split`.

    Raises:
        AssertionError: a law is broken; the message says which.
    """
    run = joined(parts)
    result = _check_fold(metric, parts, run)
    if isinstance(metric, SampleMetric):
        _check_values(metric, parts, run, result)
    elif isinstance(metric, TallyMetric):
        _check_tallies(metric, parts, run, result)


def _check_fold(metric: Metric[Any], parts: Sequence[Chunk], run: Chunk) -> Any:
    """What the run comes to, in whichever way it is folded."""
    init, merge, layout = metric.init, metric.merge, run.layout

    def fold(chunk: Chunk) -> Any:
        return _sent(metric, _checked(metric, metric.update(init(layout), chunk), run), "a state")

    whole = metric.finalize(fold(_reading(metric.requires, run)), layout)
    whole = _sent(metric, whole, "what `finalize` makes")
    parts = [_reading(metric.requires, part) for part in parts]
    states = [fold(part) for part in parts]
    streamed = reduce(metric.update, parts, init(layout))
    ways = {
        "chunks taken in one after the other": streamed,
        "chunks merged from the left": reduce(merge, states, init(layout)),
        "chunks merged from the right": reduce(lambda later, earlier: merge(earlier, later), states[::-1]),
        "chunks merged with the empty state": merge(init(layout), merge(streamed, init(layout))),
        # Shows whether merging has changed what it was given.
        "chunks merged from the left again": reduce(merge, states, init(layout)),
        "with all fields, not only those of `requires`": fold(run),
        "with other codes where MACs are silent": fold(_reading(metric.requires, _muted(run))),
    }
    for how, state in ways.items():
        _expect_same(metric, metric.finalize(state, layout), whole, how)
        _expect_same(metric, metric.finalize(state, layout), whole, f"{how}, finalized again")
    return whole


def _check_values(metric: SampleMetric[Any], parts: Sequence[Chunk], run: Chunk, result: Any) -> None:
    def values(given: Sequence[_Given]) -> dict[int, list[Any]]:
        return _values(metric, given)

    whole = _check_ways(metric, parts, run, result, "values", values)
    before = metric.init(run.layout)
    for part in parts:
        before = metric.update(before, _reading(metric.requires, part))
        so_far = metric.finalize(before, run.layout)
        if promises_to_stay(metric, metric.notes(so_far)):
            known = Context(so_far, recall_from(run[: part.start + len(part) - run.start]))
            found = values([(_reading(metric.values_require, part), known)])
            expected = {sample: whole[sample] for sample in part.sample.tolist() if sample in whole}
            _expect_same(metric, found, expected, "values that stay, of a run that ends there")


def _check_tallies(metric: TallyMetric[Any], parts: Sequence[Chunk], run: Chunk, result: Any) -> None:
    def table(given: Sequence[_Given]) -> Any:
        tally = metric.no_tally(run.layout)
        for chunk, context in given:
            if np.isin(chunk.phase, metric.values_phases).any():
                more = metric.tally(chunk, run.layout, context)
                tally = tuple(one + other for one, other in zip(tally, more, strict=True))
        return metric.table(tally, result, run.layout)

    _check_ways(metric, parts, run, result, "tallies", table)


def _check_ways(
    metric: SampleMetric[Any] | TallyMetric[Any],
    parts: Sequence[Chunk],
    run: Chunk,
    result: Any,
    name: str,
    found_of: Callable[[Sequence[_Given]], Any],
) -> Any:
    """See that a second pass finds the same however the run is cut, and whatever it may not depend on.

    Args:
        metric: the metric.
        parts: the run's chunks.
        run: all of it.
        result: what it comes to.
        name: of what is found.
        found_of: what the second pass finds in chunks.

    Returns:
        What it finds.
    """

    def reading(chunk: Chunk) -> Chunk:
        return _reading(metric.values_require, chunk)

    muted, known = _muted(run), Context(result, recall_from(run))
    whole = found_of([(reading(run), known)])
    ways = {
        f"{name} of chunks": [(reading(part), known) for part in parts],
        f"{name} of chunks, each with an excerpt of the state": [
            (reading(part), Context(excerpt, recall_from(run)))
            for part, excerpt in zip(parts, _excerpts(metric, parts, run), strict=True)
        ],
        f"{name} with all fields, not only those of `values_require`": [(run, known)],
        f"{name} with other codes where MACs are silent": [
            (reading(muted), Context(result, recall_from(muted)))
        ],
    }
    for how, given in ways.items():
        _expect_same(metric, found_of(given), whole, how)
    return whole


def _excerpts(metric: Metric[Any], parts: Sequence[Chunk], run: Chunk) -> Iterator[Any]:
    """For each part what its excerpt of the run's state comes to, as it arrives in another process."""
    state = metric.update(metric.init(run.layout), _reading(metric.requires, run))
    for part in parts:
        excerpt = _checked(metric, metric.excerpt(state, part.start, part.start + len(part)), run)
        yield metric.finalize(_sent(metric, excerpt, "an excerpt"), run.layout)


def _checked(metric: Metric[Any], state: Any, run: Chunk) -> Any:
    try:
        metric.check_state(state, run.layout, run.start + len(run))
    except Exception as error:
        msg = f"{metric!r}: check_state: expected that it lets the metric's own states pass, found {error}"
        raise AssertionError(msg) from error
    return state


def _values(metric: SampleMetric[Any], given_chunks: Sequence[_Given]) -> dict[int, list[Any]]:
    """Sample number to all its values."""
    found: dict[int, list[Any]] = {}
    for chunk, context in given_chunks:
        if not np.isin(chunk.phase, metric.values_phases).any():
            continue
        given = metric.values(chunk, chunk.layout, context)
        if given is None:
            continue
        if fault := fault_of_values(metric, given, chunk):
            msg = f"{metric!r}: values: {fault}"
            raise AssertionError(msg)
        positions = np.arange(len(chunk)) if given.sample is None else given.sample
        columns = [*given.values, *(given.layer_values or ()), *(given.extra[name] for name in metric.extra)]
        for row, position in enumerate(positions.tolist()):
            found[chunk.start + position] = [column[row] for column in columns]
    return found


def _reading(names: frozenset[str], chunk: Chunk) -> Chunk:
    """The chunk as if only these of its fields had been read."""
    return replace(
        chunk,
        inputs=chunk.inputs if "inputs" in names else None,
        codes=chunk.codes if "codes" in names else (),
        active=chunk.active if "active" in names else (),
        values=chunk.values if "values" in names else (),
    )


def _muted(chunk: Chunk) -> Chunk:
    """The same run; where MACs are silent, other codes stand."""
    codes = (
        np.where(active[..., None], codes, 0).astype(codes.dtype)
        for codes, active in zip(chunk.codes, chunk.active, strict=True)
    )
    return replace(chunk, codes=tuple(codes))


def _sent(metric: Metric[Any], thing: Any, what: str) -> Any:
    """What arrives in another process."""
    try:
        return pickle.loads(pickle.dumps(thing))
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        msg = f"{metric!r}: {what}: expected something that can be pickled, found {error}"
        raise AssertionError(msg) from error


def joined(parts: Sequence[Chunk]) -> Chunk:
    """Neighbouring chunks as one."""
    first = parts[0]
    together: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("step", "epoch", "phase", *MARKS.values())
    }
    return type(first)(
        layout=first.layout,
        start=first.start,
        **together,
        inputs=None if first.inputs is None else np.concatenate([part.inputs for part in parts]),
        codes=tuple(map(np.concatenate, zip(*(part.codes for part in parts), strict=True))),
        active=tuple(map(np.concatenate, zip(*(part.active for part in parts), strict=True))),
        values=tuple(
            {name: np.concatenate([of[name] for of in layer]) for name in layer[0]}
            for layer in zip(*(part.values for part in parts), strict=True)
        ),
    )


def _expect_same(metric: Metric[Any], found: Any, expected: Any, what: str) -> None:
    if not _same(found, expected):
        msg = f"{metric!r}: {what}: expected what the whole run gives, bit for bit:\n{expected!r}\nfound:\n{found!r}"
        raise AssertionError(msg)


def _same(found: Any, expected: Any) -> bool:
    if type(found) is not type(expected):
        return False
    if isinstance(found, np.ndarray):
        alike = found.dtype == expected.dtype and found.shape == expected.shape
        return bool(alike and found.tobytes() == expected.tobytes())
    if isinstance(found, pa.Table):
        return bool(found.equals(expected))
    if is_dataclass(found):
        return all(_same(getattr(found, f.name), getattr(expected, f.name)) for f in fields(found))
    if isinstance(found, dict):
        return found.keys() == expected.keys() and all(_same(found[key], expected[key]) for key in found)
    if isinstance(found, (list, tuple)):
        return len(found) == len(expected) and all(map(_same, found, expected))
    return bool(found == expected)
