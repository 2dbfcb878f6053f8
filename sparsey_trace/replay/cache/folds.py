"""Folds that need not begin anew: their states, kept from one analysis to the next."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import MetricError
from sparsey_trace.replay.cache.code_version import fold_name, maker_of
from sparsey_trace.replay.cache.store import Store, Unknown, warn
from sparsey_trace.replay.cache.tables import grown
from sparsey_trace.replay.engine.metric_errors import blaming
from sparsey_trace.tables.provenance import first_difference
from sparsey_trace.trace.format.inputs import dtype_for_metrics

if TYPE_CHECKING:
    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.trace.reading.trace import Trace


@dataclass(frozen=True, eq=False, kw_only=True)
class KnownFold:
    """What is known of a fold.

    Attributes:
        samples: of how many samples, from the first, the state is.
        state: the state; None where nothing is known.
        why: why not all is known, in words.
    """

    samples: int = 0
    state: Any = None
    why: str = ""


def known_fold(store: Store, metric: Metric[Any], trace: Trace) -> KnownFold:
    """What is known of the fold of a metric; a warning names what is damaged."""
    try:
        about, state = store.read(_file(metric), metric.state_types, maker_of(metric))
        if other := first_difference(about, _about(metric, trace)):
            raise Unknown(why=f"there is {other}")
        samples = about.get("samples")
        if type(samples) is not int:
            raise Unknown(why="nothing tells of how many samples its state is")
        if not 0 < samples <= len(trace):
            raise Unknown(why=grown(len(trace) - samples))
        store.check_content(about)
        return KnownFold(
            samples=samples,
            state=_checked(store, metric, trace, state, samples),
            why="" if samples == len(trace) else grown(len(trace) - samples),
        )
    except Unknown as unknown:
        return KnownFold(why=unknown.why)


def keep_fold(store: Store, metric: Metric[Any], trace: Trace, state: Any) -> None:
    """Keep the state of the fold of a whole trace, if it is of a kind that can be kept.

    Raises:
        OSError: it can't be written.
    """
    about = {**_about(metric, trace), "samples": len(trace)}
    store.write(_file(metric), about, state, metric.state_types, maker_of(metric))


def _checked(store: Store, metric: Metric[Any], trace: Trace, state: Any, samples: int) -> Any:
    """The state, which the metric itself can go on from."""
    try:
        with blaming(metric, "check_state"):
            metric.check_state(state, trace.layout, samples)
        with blaming(metric, "merge"):
            return metric.merge(metric.init(trace.layout), state)
    except MetricError as error:
        warn(f"{store.path(_file(metric))}: expected a state that can be taken on, found that {error}")
        raise Unknown(why="its state was damaged") from error


def _about(metric: Metric[Any], trace: Trace) -> dict[str, Any]:
    # Where files of another kind joined a run, what was learnt of its inputs is of numbers of another dtype.
    reads = "inputs" in metric.requires
    inputs = str(dtype_for_metrics(trace.input_kind)) if reads else None
    return {"fold": fold_name(metric), "version": metric.version, "inputs": inputs}


def _file(metric: Metric[Any]) -> str:
    return f"{blake2b(fold_name(metric).encode(), digest_size=8).hexdigest()}.fold"
