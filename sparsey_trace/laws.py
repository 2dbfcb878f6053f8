"""The laws of `sparsey_trace.metrics.base` as a check, for the metrics here and for anyone's."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sparsey_trace.metrics.base import Context, Recalled, SampleMetric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sparsey_trace.layout import Chunk
    from sparsey_trace.metrics.base import Metric, Recall


def check_metric_laws(metric: Metric[Any], parts: Sequence[Chunk]) -> None:
    """See that a metric obeys the laws on a run, cut into chunks in one way.

    Args:
        metric: the metric.
        parts: the run as neighbouring chunks, in order; see `sparsey_trace.testing.split`.

    Raises:
        AssertionError: a law is broken; the message says which.
    """
    run = joined(parts)
    layout = run.layout
    whole = metric.finalize(metric.update(metric.init(layout), run), layout)
    states = [metric.update(metric.init(layout), part) for part in parts]
    streamed = reduce(metric.update, parts, metric.init(layout))
    folds = {
        "taken in one after the other": streamed,
        "merged from the left": reduce(metric.merge, states, metric.init(layout)),
        "merged from the right": reduce(lambda later, earlier: metric.merge(earlier, later), states[::-1]),
        "merged with the empty state": metric.merge(
            metric.init(layout), metric.merge(streamed, metric.init(layout))
        ),
    }
    for how, state in folds.items():
        _expect_same(metric, metric.finalize(state, layout), whole, f"chunks {how}")
        _expect_same(metric, metric.finalize(state, layout), whole, f"chunks {how}, finalized again")
    if isinstance(metric, SampleMetric):
        _check_rows(metric, parts, run, whole)


def _check_rows(metric: SampleMetric[Any], parts: Sequence[Chunk], run: Chunk, result: Any) -> None:
    of_run = _rows(metric, [run], Context(result, recall_from(run)))
    of_parts = _rows(metric, parts, Context(result, recall_from(run)))
    _expect_same(metric, of_parts, of_run, "rows of chunks")


def _rows(metric: SampleMetric[Any], chunks: Sequence[Chunk], context: Context) -> dict[int, list[Any]]:
    """Sample number to all its values."""
    found: dict[int, list[Any]] = {}
    for chunk in chunks:
        rows = metric.rows(chunk, chunk.layout, context)
        if rows is None:
            continue
        places = np.arange(len(chunk)) if rows.sample is None else rows.sample
        columns = [*rows.values, *(rows.layer_values or ()), *(rows.extra[name] for name in metric.extra)]
        for line, place in enumerate(places.tolist()):
            found[chunk.start + place] = [column[line] for column in columns]
    return found


def recall_from(run: Chunk) -> Recall:
    """Look samples up in a run that is at hand as a whole."""

    def recall(samples: NDArray[np.int64], fields: frozenset[str]) -> Recalled:
        places = samples - run.start
        return Recalled(
            inputs=run.inputs[places] if run.inputs is not None and "inputs" in fields else None,
            codes=tuple(codes[places] for codes in run.codes) if "codes" in fields else (),
            active=tuple(active[places] for active in run.active) if "active" in fields else (),
        )

    return recall


def joined(parts: Sequence[Chunk]) -> Chunk:
    """Neighbouring chunks as one."""
    first = parts[0]
    together = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("step", "epoch", "phase", "label")
    }
    return type(first)(
        layout=first.layout,
        start=first.start,
        **together,
        inputs=None if first.inputs is None else np.concatenate([part.inputs for part in parts]),
        codes=tuple(map(np.concatenate, zip(*(part.codes for part in parts), strict=True))),
        active=tuple(map(np.concatenate, zip(*(part.active for part in parts), strict=True))),
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
