"""How many tables an analysis makes of a run that has everything."""

from __future__ import annotations

from sparsey_trace.metrics import available

WITH_VALUES = len(available()) + 1
"""One a metric, and that of whole layers of feature_coverage."""

TABLES = WITH_VALUES - 1
"""Of a run without further values of MACs."""
