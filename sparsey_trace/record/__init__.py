"""Watching a torch model: its codes go into a trace while it trains. Needs torch."""

from sparsey_trace.record.adapters import WinnerTakeAll
from sparsey_trace.record.recorder import Recorder, record

__all__ = ["Recorder", "WinnerTakeAll", "record"]
