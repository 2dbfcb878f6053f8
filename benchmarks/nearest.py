"""The nearest of 60,000 training inputs for 10,000 others: match accuracy beside other exact searches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.cases import Case, main
from benchmarks.machine import version_of
from benchmarks.measure import in_process, repeated
from benchmarks.tables import Figure, Goal, Table, number

if TYPE_CHECKING:
    from numpy.typing import NDArray

_QUERIES = 256


def report(case: Case) -> list[Table]:
    """Ours, faiss and a matrix product, over the same inputs."""
    train, queries = case.choose(full=(60_000, 10_000), quick=(30_000, 2000), tiny=(900, 100))
    # Nine tenths of an epoch's inputs are trained on, and evaluation follows.
    path = case.traces.drawn(train + queries, num_inputs=-(-train * 10 // 9))
    repeats = min(3, case.repeats)
    in_process(
        "benchmarks.work:analyze", path=path, metrics=["match_accuracy"]
    )  # compiles what is compiled once
    rows, ours = [], 0.0
    for what, function, arguments in (
        ("match_accuracy, 2 jobs", "benchmarks.work:analyze", {"metrics": ["match_accuracy"], "n_jobs": 2}),
        ("match_accuracy, 1 job", "benchmarks.work:analyze", {"metrics": ["match_accuracy"]}),
        ("numpy, float32 matrix product", "benchmarks.nearest:by_product", {"train": train}),
        (
            f"faiss {version_of('faiss-cpu')}, IndexBinaryFlat",
            "benchmarks.nearest:by_faiss",
            {"train": train},
        ),
    ):
        try:
            seconds, mib, result = repeated(function, repeats, path=path, **arguments)
        except RuntimeError as error:
            rows.append([what, f"not measured: {error}", "", "", "", ""])
            continue
        ours = ours or seconds.median
        alone = Figure((seconds.median if result is None else result["seconds"],))
        distance = "" if result is None else f"{result['distance']:.4f}"
        rows.append([what, str(seconds), str(alone), number(seconds.median / ours), str(mib), distance])
    goals = [
        Goal(
            what=f"match accuracy, {queries:,} against {train:,} of 784 bits, 2 jobs",
            found=ours,
            limit=8,
            unit="s",
        )
    ]
    notes = [
        "Ours reads the trace, finds the nearest, compares the codes of 364 MACs and writes the table. The others read "
        "the inputs and find the nearest on all cores; the search alone is beside it. Equal mean distances tell that "
        "they agree."
    ]
    headers = ["what", "seconds", "search alone", "to ours", "peak memory, MiB", "mean distance"]
    return [Table(f"Nearest inputs: {queries:,} against {train:,}", headers, rows, notes, goals)]


def by_product(path: str, *, train: int) -> dict[str, float]:
    """|x| + |y| - 2 x.y in blocks of queries: float32 holds these whole numbers exactly."""
    references, queries = _inputs(path, train)

    def search() -> NDArray[Any]:
        known, asked = references.astype(np.float32), queries.astype(np.float32)
        sizes, known = known.sum(axis=1), -2 * known.T
        least = [
            (sizes + part @ known).min(axis=1) + part.sum(axis=1)
            for part in np.split(asked, range(_QUERIES, len(asked), _QUERIES))
        ]
        return np.concatenate(least)

    return _timed(search)


def by_faiss(path: str, *, train: int) -> dict[str, float]:
    """The exact search of faiss over packed bits."""
    import faiss

    references, queries = (np.packbits(part, axis=1) for part in _inputs(path, train))

    def search() -> NDArray[Any]:
        index = faiss.IndexBinaryFlat(references.shape[1] * 8)
        index.add(references)
        return index.search(queries, 1)[0]

    return _timed(search)


def _timed(search: Any) -> dict[str, float]:
    import time

    start = time.perf_counter()
    distances = search()
    return {"seconds": time.perf_counter() - start, "distance": distances.astype(float).mean()}


def _inputs(path: str, train: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    from sparsey_trace import open_trace

    with open_trace(path) as trace:
        inputs = trace.inputs[:]
    return inputs[:train], inputs[train:]


if __name__ == "__main__":
    main(report)
