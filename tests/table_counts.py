"""How many tables an analysis makes of a run that has everything."""

from __future__ import annotations

from sparsey_trace.metrics import available

TABLES = len(available()) + 1
"""One a metric, and that of whole layers of feature_coverage."""
