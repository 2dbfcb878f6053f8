"""How metrics are computed: plans, engines, tables."""

from sparsey_trace.replay.analyze import analyze
from sparsey_trace.replay.result import Result

__all__ = ["Result", "analyze"]
