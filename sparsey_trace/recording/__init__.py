"""Watching a torch model: its codes go into a trace while it trains. Needs torch."""

from sparsey_trace.recording.adapters.winner_take_all import WinnerTakeAll
from sparsey_trace.recording.record_model import record
from sparsey_trace.recording.recorder import Recorder

__all__ = ["Recorder", "WinnerTakeAll", "record"]
