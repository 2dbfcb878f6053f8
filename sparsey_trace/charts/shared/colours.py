"""Colours that everyone can tell apart."""

from __future__ import annotations

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
"""Okabe and Ito's colours, which the colour-blind can tell apart (jfly.uni-koeln.de/color, 2008)."""

MEASURE = "viridis"
"""The colour scale of measures: even in lightness, also in grey and to the colour-blind."""
