"""What is measured in processes of its own: functions that `measure.in_process` calls by name."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

SIX = (
    "num_activations",
    "basis_set_size",
    "basis_set_size_increase",
    "feature_coverage",
    "match_accuracy",
    "basis_average",
)


def analyze(path: str, *, metrics: list[str], n_jobs: int = 1, **options: Any) -> None:
    """Replay metrics into a folder that goes away again."""
    import sparsey_trace as st

    st.analyze(path, metrics=metrics, n_jobs=n_jobs, **options)


def analyze_warm(path: str, *, before: str, **arguments: Any) -> dict[str, float]:
    """Seconds of the first analysis in a process, of a short trace, and of the one that counts."""
    seconds = []
    for each in (before, path):
        start = time.perf_counter()
        analyze(each, **arguments)
        seconds.append(time.perf_counter() - start)
    return {"first": seconds[0], "seconds": seconds[1]}


def all_metrics(path: str) -> dict[str, float]:
    """CPU seconds of this process for one analysis with all metrics, and the bytes that `explain` promises."""
    import sparsey_trace as st

    explained = st.explain(path)
    promised = explained.memory + sum(explained.kept_bytes.values())
    st.analyze(path)
    return {"cpu": time.process_time(), "promised": promised}


def read(path: str) -> int:
    """Read a whole trace in order, decoded; the bytes that its arrays took."""
    import sparsey_trace as st

    size = 0
    with st.open_trace(path) as trace:
        for chunk in trace.chunks(4096):
            inputs = () if chunk.inputs is None else (chunk.inputs,)
            size += sum(array.nbytes for array in (*inputs, *chunk.codes, *chunk.active))
    return size


def unique_codes(path: str) -> int:
    """numpy.unique over the codes of each MAC, as bytes; how many there are."""
    import sparsey_trace as st

    with st.open_trace(path) as trace:
        codes = trace.layers[0].codes[:]
    width = codes.shape[2]
    return sum(
        len(np.unique(np.ascontiguousarray(codes[:, mac]).view(f"S{width}"))) for mac in range(codes.shape[1])
    )


def times(path: str, *, metrics: list[str], repeats: int) -> dict[str, list[float]]:
    """Seconds of each metric alone, one after the other in this process; the first of several isn't counted."""
    import sparsey_trace as st

    found: dict[str, list[float]] = {metric: [] for metric in metrics}
    for _ in range(repeats):
        for metric in metrics:
            start = time.perf_counter()
            st.analyze(path, metrics=[metric])
            found[metric].append(time.perf_counter() - start)
    return {metric: seconds[1:] or seconds for metric, seconds in found.items()}
