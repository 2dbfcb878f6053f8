"""Record the codes of a Sparsey while it trains; compute every metric afterwards, from one file.

    import sparsey_trace as st

    with st.record(model, "run.h5") as rec:     # needs torch
        ...
    result = st.analyze("run.h5")               # doesn't
    result["basis_set_size"].to_pandas()

Importing this package loads nothing heavy: each name below is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sparsey_trace import metrics
    from sparsey_trace.chunk import Chunk
    from sparsey_trace.comparing.compare import compare
    from sparsey_trace.comparing.comparison import Comparison
    from sparsey_trace.errors import CacheWarning, PluginWarning, RecordWarning
    from sparsey_trace.exporting.export import export
    from sparsey_trace.layout import LayerLayout, Layout
    from sparsey_trace.recording import WinnerTakeAll, record
    from sparsey_trace.recording.lightning import SparseyTraceCallback
    from sparsey_trace.replay.analyze import analyze
    from sparsey_trace.replay.explain import Explanation, explain
    from sparsey_trace.replay.job_array.array import ArrayState
    from sparsey_trace.replay.job_array.parts import analyze_part, merge_parts
    from sparsey_trace.replay.result import Result
    from sparsey_trace.reporting.report import report
    from sparsey_trace.runs.open_result import open_result
    from sparsey_trace.runs.runs import Runs, open_runs
    from sparsey_trace.trace.reading.open_trace import open_trace
    from sparsey_trace.trace.reading.trace import Trace
    from sparsey_trace.trace.writing.writer import TraceWriter

_HOMES = {
    "ArrayState": "replay.job_array.array",
    "CacheWarning": "errors",
    "Chunk": "chunk",
    "Comparison": "comparing.comparison",
    "Explanation": "replay.explain",
    "LayerLayout": "layout",
    "Layout": "layout",
    "PluginWarning": "errors",
    "RecordWarning": "errors",
    "Result": "replay.result",
    "Runs": "runs.runs",
    "SparseyTraceCallback": "recording.lightning",
    "Trace": "trace.reading.trace",
    "TraceWriter": "trace.writing.writer",
    "WinnerTakeAll": "recording",
    "analyze": "replay.analyze",
    "analyze_part": "replay.job_array.parts",
    "compare": "comparing.compare",
    "explain": "replay.explain",
    "export": "exporting.export",
    "merge_parts": "replay.job_array.parts",
    "metrics": None,
    "open_result": "runs.open_result",
    "open_runs": "runs.runs",
    "open_trace": "trace.reading.open_trace",
    "record": "recording",
    "report": "reporting.report",
}

__all__ = [
    "ArrayState",
    "CacheWarning",
    "Chunk",
    "Comparison",
    "Explanation",
    "LayerLayout",
    "Layout",
    "PluginWarning",
    "RecordWarning",
    "Result",
    "Runs",
    "SparseyTraceCallback",
    "Trace",
    "TraceWriter",
    "WinnerTakeAll",
    "analyze",
    "analyze_part",
    "compare",
    "explain",
    "export",
    "merge_parts",
    "metrics",
    "open_result",
    "open_runs",
    "open_trace",
    "record",
    "report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    home = _HOMES[name]
    if home is None:
        return importlib.import_module(f"{__name__}.{name}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
