"""How metrics are computed: plans, engines, tables; and how runs compare."""

from sparsey_trace.replay.analyze import analyze
from sparsey_trace.replay.comparing import compare
from sparsey_trace.replay.comparison import Comparison
from sparsey_trace.replay.explain import Explanation, explain
from sparsey_trace.replay.result import Result

__all__ = ["Comparison", "Explanation", "Result", "analyze", "compare", "explain"]
