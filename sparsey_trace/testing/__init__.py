"""For the tests of a plug-in's metrics: generated runs, and the laws that every metric keeps. Needs hypothesis."""

from sparsey_trace.testing.laws import check_metric_laws
from sparsey_trace.testing.strategies import append_step, layouts, runs, split, write_run

__all__ = ["append_step", "check_metric_laws", "layouts", "runs", "split", "write_run"]
