"""What a trace doesn't hold of its run, and what that makes of metrics' values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sparsey_trace.errors import TraceError
from sparsey_trace.layout import PHASES, TRAIN
from sparsey_trace.metrics.base import SampleMetric
from sparsey_trace.trace.format.drops import reasons_of
from sparsey_trace.trace.reading.epoch_returns import EpochReturn, returns_in_words
from sparsey_trace.trace.reading.rank_gaps import missing_in_words, rank_gaps_in_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.trace.reading.trace import Trace

_SHOWN_DROPS = 10
_WITHIN_LAYERS = (None, "layerwise_mean", "layerwise_sum", "sparse")


@dataclass(frozen=True, eq=False, kw_only=True)
class Gaps:
    """What was left out of a trace.

    Attributes:
        every: one step in so many was recorded.
        phases: the names of the phases that were recorded.
        layers: the names of the layers that were not.
        predicate: what chose the steps, in words; empty where nothing did.
        drops: [n] int64, the numbers of steps that are missing: dropped by a full queue, left out as bad, or lost.
        lacking: [n, 2] int64, a step that only some ranks have, and a rank that lacks it.
        reasons: why, each once, the most frequent first.
        missing_ranks: the ranks that have no file.
        num_ranks: how many there are in all.
        stopped: what has stopped the recording; empty where nothing did, as far as is known.
        returns: where training went back to an earlier epoch.
        repeated: how many samples are left out as training repeated them.
        before: how many samples of the run stand before these, in files that aren't part of the trace.
    """

    every: int = 1
    phases: tuple[str, ...] = PHASES
    layers: tuple[str, ...] = ()
    predicate: str = ""
    drops: NDArray[np.int64]
    lacking: NDArray[np.int64]
    reasons: tuple[str, ...] = ()
    missing_ranks: tuple[int, ...] = ()
    num_ranks: int = 1
    stopped: str = ""
    returns: tuple[EpochReturn, ...] = ()
    repeated: int = 0
    before: int = 0

    @classmethod
    def of(cls, trace: Trace) -> Gaps:
        """Those of a trace, as they are now: of one that is being written, its file is read anew.

        Raises:
            TraceError: what the trace says of its sampling makes no sense.
        """
        drops = trace.storage.drops()
        why = reasons_of(drops)
        return cls(
            every=_found(trace, "every", int) or 1,
            phases=tuple(map(str, _found(trace, "phases", list) or PHASES)),
            layers=tuple(map(str, _found(trace, "layers", list) or ())),
            predicate=_found(trace, "predicate", str) or "",
            drops=np.asarray(drops["step"]),
            lacking=trace.lacking,
            reasons=tuple(reason for reason, _ in Counter(filter(None, why.values())).most_common()),
            missing_ranks=trace.missing_ranks,
            num_ranks=trace.part.num_ranks,
            stopped=trace.losses.get("error", ""),
            returns=trace.epoch_returns,
            repeated=trace.storage.left_out if trace.rules.repeated_steps == "last" else 0,
            before=trace.part.first_sample,
        )

    def __str__(self) -> str:
        """In one line; empty where everything was recorded."""
        clauses = []
        if self.every > 1:
            clauses.append(f"one step in {self.every:,} was recorded")
        if not set(self.phases) >= set(PHASES):
            clauses.append(f"only {' and '.join(self.phases)} steps were recorded")
        if self.predicate:
            clauses.append(f"only steps that {self.predicate} chose were recorded")
        if self.layers:
            clauses.append(f"{_counted(len(self.layers), 'layer')} not recorded: {', '.join(self.layers)}")
        if len(self.drops):
            shown = [f"{step}" for step in self.drops[:_SHOWN_DROPS]] + ["…"] * (
                len(self.drops) > _SHOWN_DROPS
            )
            missing = _counted(len(self.drops), "step")
            more = f" and {len(self.reasons) - 1} more reasons" if len(self.reasons) > 1 else ""
            why = f" ({self.reasons[0]}{more})" if self.reasons else ""
            clauses.append(f"{missing} missing: {', '.join(shown)}{why}")
        clauses.append(returns_in_words(self.returns))
        if self.repeated:
            clauses.append(f"{_counted(self.repeated, 'sample')} left out, as training repeated them")
        if self.before:
            clauses.append(f"{_counted(self.before, 'sample')} recorded before these and are missing")
        clauses += [missing_in_words(self.missing_ranks, self.num_ranks), rank_gaps_in_words(self.lacking)]
        if self.stopped:
            clauses.append(f"recording has stopped: {self.stopped}")
        return "; ".join(filter(None, clauses))

    def refusal(self, metric: Metric[Any]) -> str | None:
        """Why the metric has no meaning on such a trace; None where it has one."""
        if metric.partial_training and self._recorded(TRAIN) == "none":
            return "it needs training steps, which were not recorded"
        if isinstance(metric, SampleMetric) and {*map(self._recorded, metric.values_phases)} == {"none"}:
            needed = " and ".join(PHASES[phase] for phase in metric.values_phases)
            return f"it has values in {needed} steps only, which were not recorded"
        return None

    def notes(self, metric: Metric[Any], *, resolution: str, reduction: str | None) -> dict[str, Any]:
        """What a table says of them in its metadata; nothing where everything was recorded.

        Returns:
            `gaps`: these in one line; `values`: lines on what the metric's values are therefore.
        """
        if not str(self):
            return {}
        return {"gaps": str(self), "values": self.values(metric, resolution=resolution, reduction=reduction)}

    def values(self, metric: Metric[Any], *, resolution: str, reduction: str | None) -> list[str]:
        """What the metric's values are on such a trace; nothing where they are as on a whole one."""
        lines = []
        if metric.partial_training and self._recorded(TRAIN) == "some":
            lines.append(metric.partial_training)
        if metric.partial_layers and self.layers:
            lines.append(metric.partial_layers)
        if self._cuts_groups(metric, resolution):
            lines.append("taken together over the recorded samples of an epoch or of the run only")
        elif self._cuts_steps(metric, resolution):
            lines.append("taken together over the samples of those ranks only that have the step")
        if self.returns and resolution == "epoch":
            lines.append("an epoch that training came back to is one group, of the samples of each time")
        if self.layers and reduction not in _WITHIN_LAYERS:
            lines.append("taken together over the recorded layers only")
        return lines

    def _cuts_groups(self, metric: Metric[Any], resolution: str) -> bool:
        if not isinstance(metric, SampleMetric) or metric.over_samples == "last":
            return False
        partly = "some" in map(self._recorded, metric.values_phases)
        return partly and resolution in ("epoch", "run")

    def _cuts_steps(self, metric: Metric[Any], resolution: str) -> bool:
        """A rank records a step as a whole, or not at all."""
        is_taken = isinstance(metric, SampleMetric) and metric.over_samples != "last"
        return is_taken and resolution == "step" and self._lacks_ranks

    def _recorded(self, phase: int) -> Literal["all", "some", "none"]:
        if PHASES[phase] not in self.phases:
            return "none"
        return "some" if self.every > 1 or self.predicate or len(self.drops) or self._lacks_ranks else "all"

    @property
    def _lacks_ranks(self) -> bool:
        return len(self.lacking) > 0 or bool(self.missing_ranks)


def _found(trace: Trace, key: str, kind: type) -> Any:
    value = trace.sampling.get(key)
    if value is not None and type(value) is not kind:
        msg = f"{trace.path}: sampling: expected {key} to be of type {kind.__name__}, found {value!r}"
        raise TraceError(msg)
    return value


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun} was" if number == 1 else f"{number:,} {noun}s were"
