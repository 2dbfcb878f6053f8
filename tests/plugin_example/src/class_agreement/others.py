"""Metrics as they shouldn't be."""

from dataclasses import dataclass

from sparsey_trace.metrics.base import RunMetric


@dataclass(frozen=True)
class Taken(RunMetric):
    """Has the name of another."""

    name = "basis_set_size"

    def finalize(self, state, layout):
        return None


@dataclass(frozen=True)
class Raising(RunMetric):
    """Raises when it sees a sample."""

    name = "raising"

    def update(self, state, chunk):
        return 1 / 0

    def finalize(self, state, layout):
        return None
